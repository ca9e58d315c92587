import type { CoreV1Api, CustomObjectsApi, V1Service } from '@kubernetes/client-node';
import { GROUP, startTestAzure, type TestAzure } from './azure-fixture.js';

const NAMESPACE = 'kaito-models';
const WORKSPACES = { group: 'kaito.sh', version: 'v1beta1', namespace: NAMESPACE, plural: 'workspaces' };

function workspace(name = 'workspace-mistral-7b', change: object = {}) {
  return {
    apiVersion: 'kaito.sh/v1beta1',
    kind: 'Workspace',
    metadata: { name, namespace: NAMESPACE },
    resource: { instanceType: 'Standard_NV36ads_A10_v5', labelSelector: { matchLabels: { apps: 'mistral-7b' } } },
    inference: { preset: { name: 'mistral-7b-instruct' } },
    ...change,
  };
}

function service(annotations: Record<string, string> = {}): V1Service {
  const prefix = 'service.beta.kubernetes.io/azure-load-balancer-';
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'mistral-7b',
      namespace: NAMESPACE,
      annotations: {
        [`${prefix}internal`]: 'true',
        [`${prefix}internal-subnet`]: 'models',
        [`${prefix}ipv4`]: '10.10.7.200',
        ...annotations,
      },
    },
    spec: {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      selector: { 'kaito.sh/workspace': 'workspace-mistral-7b' },
      ports: [{ name: 'http', port: 80, targetPort: 5000, protocol: 'TCP' }],
      loadBalancerSourceRanges: ['10.10.6.0/24'],
    },
  };
}

/** The real client, with what the cluster hands out and a token of the managed identity. */
async function connect({ aks, credential }: TestAzure): Promise<{ core: CoreV1Api; custom: CustomObjectsApi }> {
  const { CoreV1Api, CustomObjectsApi, KubeConfig } = await import('@kubernetes/client-node');
  const { kubeconfigs } = await aks.managedClusters.listClusterUserCredentials(GROUP, 'aks-hai');
  const config = new KubeConfig();
  config.loadFromString(Buffer.from(kubeconfigs?.[0]?.value ?? []).toString());
  const { token } = await credential.getToken('6dae42f8-4368-4678-94ff-3960e28e3630/.default');
  const cluster = config.getCurrentCluster()!;
  config.loadFromClusterAndUser(cluster, { name: 'hai', token });
  return { core: config.makeApiClient(CoreV1Api), custom: config.makeApiClient(CustomObjectsApi) };
}

/** Server-side apply, as the control plane does it. */
async function apply({ credential, world }: TestAzure, path: string, object: unknown, manager = 'hai', force = false) {
  const { token } = await credential.getToken('6dae42f8-4368-4678-94ff-3960e28e3630/.default');
  const response = await fetch(`${world.kubernetesUrl}${path}?fieldManager=${manager}&force=${force}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/apply-patch+yaml' },
    body: JSON.stringify(object),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function conditionsOf(custom: CustomObjectsApi): Promise<string[]> {
  const found = await custom.getNamespacedCustomObject({ ...WORKSPACES, name: 'workspace-mistral-7b' });
  const conditions: { type: string; status: string }[] = found.status?.conditions ?? [];
  return conditions.map(({ status, type }) => `${type}=${status}`);
}

async function codeOf(call: Promise<unknown>): Promise<number | undefined> {
  return call.then(
    () => undefined,
    (error: { code?: number }) => error.code,
  );
}

describe('a Workspace', () => {
  it('gets its node, then serves, with the conditions in that order and minutes in between', async () => {
    const azure = await startTestAzure();
    const { aks, clock } = azure;
    const { core, custom } = await connect(azure);
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    expect(await conditionsOf(custom)).toEqual([]);
    await clock.advance(15_000);
    expect(await conditionsOf(custom)).toContain('NodeClaimReady=False');
    const pools = async () => {
      const found: unknown[] = [];
      for await (const one of aks.agentPools.list(GROUP, 'aks-hai')) {
        const workspaceName = one.nodeLabels?.['kaito.sh/workspace'];
        if (workspaceName) found.push([workspaceName, one.provisioningState]);
      }
      return found;
    };
    expect(await pools()).toEqual([['workspace-mistral-7b', 'Creating']]);
    await clock.advance(370_000);
    expect(await conditionsOf(custom)).toEqual(expect.arrayContaining(['ResourceReady=True', 'InferenceReady=False']));
    expect(await pools()).toEqual([['workspace-mistral-7b', 'Succeeded']]);
    expect((await core.listNamespacedPod({ namespace: NAMESPACE })).items[0]?.status?.phase).toBe('Pending');
    await clock.advance(340_000);
    expect(await conditionsOf(custom)).toEqual(
      expect.arrayContaining(['InferenceReady=True', 'WorkspaceSucceeded=True']),
    );
    const found = await custom.getNamespacedCustomObject({ ...WORKSPACES, name: 'workspace-mistral-7b' });
    expect(found.status.state).toBe('Ready');
  });

  it('leaves its agent pool behind, which only ARM deletes', async () => {
    const azure = await startTestAzure();
    const { aks, clock, world } = azure;
    const { custom } = await connect(azure);
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    await clock.advance(720_000);
    await custom.deleteNamespacedCustomObject({ ...WORKSPACES, name: 'workspace-mistral-7b' });
    const again = custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    expect(await codeOf(again)).toBe(409);
    await clock.advance(60_000);
    expect(world.inventory().filter((id) => id.includes('mistral'))).toEqual([]);
    const [pool] = world.inventory().filter((id) => id.includes('/agentPools/ws'));
    await aks.agentPools.delete(GROUP, 'aks-hai', pool?.split('/').at(-1) ?? '').submitted();
    await clock.advance(300_000);
    expect(world.inventory().filter((id) => id.includes('/agentPools/ws'))).toEqual([]);
  });

  it('leaves a pool that comes up alone when it is deleted on the way, and the next of its name takes that', async () => {
    const azure = await startTestAzure();
    const { custom } = await connect(azure);
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    await azure.clock.advance(60_000);
    await custom.deleteNamespacedCustomObject({ ...WORKSPACES, name: 'workspace-mistral-7b' });
    await azure.clock.advance(400_000);
    const [pool] = azure.world.inventory().filter((id) => id.includes('/agentPools/ws'));
    const found = await azure.aks.agentPools.get(GROUP, 'aks-hai', pool?.split('/').at(-1) ?? '');
    expect(found.provisioningState).toBe('Succeeded');
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    await azure.clock.advance(360_000);
    expect(await conditionsOf(custom)).toContain('InferenceReady=True');
    expect(azure.world.inventory().filter((id) => id.includes('/agentPools/ws'))).toEqual([pool]);
  });

  it.each([
    [
      'a size without a supported GPU',
      { resource: { instanceType: 'Standard_NC6s_v3', labelSelector: { matchLabels: {} } } },
    ],
    ['no selector', { resource: { instanceType: 'Standard_NV36ads_A10_v5' } }],
    ['an unknown preset', { inference: { preset: { name: 'falcon-7b' } } }],
    ['a spec, which Workspaces do not have', { spec: {} }],
  ])('is refused with %s', async (_what, change) => {
    const azure = await startTestAzure();
    const { custom } = await connect(azure);
    const created = custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace('w', change) });
    expect(await codeOf(created)).toBe(422);
  });

  it('does not change its size', async () => {
    const azure = await startTestAzure();
    const path = `/apis/kaito.sh/v1beta1/namespaces/${NAMESPACE}/workspaces/w`;
    expect((await apply(azure, path, workspace('w'))).status).toBe(201);
    const resource = {
      instanceType: 'Standard_NC24ads_A100_v4',
      labelSelector: { matchLabels: { apps: 'mistral-7b' } },
    };
    const changed = await apply(azure, path, workspace('w', { resource }));
    expect([changed.status, changed.body['message']]).toEqual([400, expect.stringContaining('immutable')]);
  });

  it('says so when its node or its model server fails', async () => {
    const azure = await startTestAzure();
    const { core, custom } = await connect(azure);
    const error = { code: 'ContainerCrashLoopBackOff', message: 'out of memory' };
    azure.world.faults.add({
      kind: 'failed-operation',
      match: { service: 'kubernetes', path: '/workspaces' },
      times: 1,
      error,
    });
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    await azure.clock.advance(720_000);
    expect(await conditionsOf(custom)).toEqual(expect.arrayContaining(['ResourceReady=True', 'InferenceReady=False']));
    const fieldSelector = 'involvedObject.name=workspace-mistral-7b';
    const { items } = await core.listNamespacedEvent({ namespace: NAMESPACE, fieldSelector });
    expect(items.map(({ message, reason }) => [reason, message])).toEqual([
      ['ContainerCrashLoopBackOff', 'out of memory'],
    ]);
  });

  it('gets no node when the quota is used up', async () => {
    const { RESOURCES } = await import('./azure-fixture.js');
    const azure = await startTestAzure({ resources: { ...RESOURCES, limits: { gpuNodes: 0 } } });
    const { custom } = await connect(azure);
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    await azure.clock.advance(720_000);
    const found = await custom.getNamespacedCustomObject({ ...WORKSPACES, name: 'workspace-mistral-7b' });
    const reasons = found.status.conditions.map(({ reason, type }: { reason: string; type: string }) => [type, reason]);
    expect(reasons).toContainEqual(['NodeClaimReady', 'QuotaExceeded']);
  });
});

describe('a Service of type LoadBalancer', () => {
  it('gets the static address of its annotation after a while', async () => {
    const azure = await startTestAzure();
    const { core } = await connect(azure);
    const created = await core.createNamespacedService({ namespace: NAMESPACE, body: service() });
    expect(created.status?.loadBalancer?.ingress).toBeUndefined();
    await azure.clock.advance(70_000);
    const found = await core.readNamespacedService({ namespace: NAMESPACE, name: 'mistral-7b' });
    expect(found.status?.loadBalancer?.ingress?.[0]?.ip).toBe('10.10.7.200');
  });

  it.each([
    ['the id of the subnet', 'internal-subnet', '/subscriptions/x/subnets/models', 'failed to get subnet'],
    ['an address outside of the subnet', 'ipv4', '10.10.9.1', 'PrivateIPAddressNotInSubnet'],
  ])('gets none with %s, and an event says why', async (_what, annotation, value, reason) => {
    const azure = await startTestAzure();
    const { core } = await connect(azure);
    const body = service({ [`service.beta.kubernetes.io/azure-load-balancer-${annotation}`]: value });
    await core.createNamespacedService({ namespace: NAMESPACE, body });
    await azure.clock.advance(70_000);
    const found = await core.readNamespacedService({ namespace: NAMESPACE, name: 'mistral-7b' });
    expect(found.status?.loadBalancer?.ingress).toBeUndefined();
    const { items } = await core.listNamespacedEvent({
      namespace: NAMESPACE,
      fieldSelector: 'reason=SyncLoadBalancerFailed',
    });
    expect(items.map(({ message }) => message)).toEqual([expect.stringContaining(reason)]);
  });

  it('goes when its load balancer is cleaned up', async () => {
    const azure = await startTestAzure();
    const { core } = await connect(azure);
    await core.createNamespacedService({ namespace: NAMESPACE, body: service() });
    await core.deleteNamespacedService({ namespace: NAMESPACE, name: 'mistral-7b' });
    const marked = await core.readNamespacedService({ namespace: NAMESPACE, name: 'mistral-7b' });
    expect(marked.metadata?.deletionTimestamp).toBeDefined();
    await azure.clock.advance(40_000);
    expect(await codeOf(core.readNamespacedService({ namespace: NAMESPACE, name: 'mistral-7b' }))).toBe(404);
  });
});

describe('the Kubernetes API', () => {
  const path = `/api/v1/namespaces/${NAMESPACE}/services/mistral-7b`;

  it('applies by field: what a manager no longer names goes, what another owns is a conflict', async () => {
    const azure = await startTestAzure();
    const labelled = (labels: Record<string, string>) => ({
      ...service(),
      metadata: { ...service().metadata, labels },
    });
    const first = await apply(azure, path, labelled({ team: 'a', tier: 'x' }));
    expect(first.status).toBe(201);
    const same = await apply(azure, path, labelled({ team: 'a', tier: 'x' }));
    expect(same.body['metadata']).toEqual(first.body['metadata']);
    const second = await apply(azure, path, labelled({ team: 'b' }));
    expect(second.body['metadata']).toMatchObject({ labels: { team: 'b' } });
    expect(second.body['metadata']).not.toHaveProperty('labels.tier');
    const other = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'mistral-7b', labels: { team: 'c' } } };
    const conflict = await apply(azure, path, other, 'someone');
    expect([conflict.status, conflict.body['message']]).toEqual([
      409,
      expect.stringContaining('.metadata.labels.team'),
    ]);
    const forced = await apply(azure, path, other, 'someone', true);
    expect(forced.body['metadata']).toMatchObject({ labels: { team: 'c' } });
  });

  it('refuses a write on a version that has passed', async () => {
    const azure = await startTestAzure();
    const { core } = await connect(azure);
    const stale = await core.createNamespacedService({ namespace: NAMESPACE, body: service() });
    stale.metadata!.labels = { changed: 'once' };
    const fresh = await core.replaceNamespacedService({ namespace: NAMESPACE, name: 'mistral-7b', body: stale });
    expect(fresh.metadata?.resourceVersion).not.toBe(stale.metadata?.resourceVersion);
    stale.metadata!.labels = { changed: 'twice' };
    const late = core.replaceNamespacedService({ namespace: NAMESPACE, name: 'mistral-7b', body: stale });
    expect(await codeOf(late)).toBe(409);
  });

  it('knows its namespaces, and lets the control plane only read pods', async () => {
    const azure = await startTestAzure();
    const { core } = await connect(azure);
    expect((await core.listNamespace()).items.map(({ metadata }) => metadata?.name)).toEqual([
      'default',
      NAMESPACE,
      'kube-system',
    ]);
    expect(await codeOf(core.listNamespacedService({ namespace: 'none' }))).toBe(404);
    const body = { metadata: { name: 'p' }, spec: { containers: [] } };
    expect(await codeOf(core.createNamespacedPod({ namespace: NAMESPACE, body }))).toBe(403);
  });

  it('takes tokens of its own audience only', async () => {
    const azure = await startTestAzure();
    const { token } = await azure.credential.getToken('https://management.azure.com/.default');
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${azure.world.kubernetesUrl}/api/v1/namespaces`, { headers })).status).toBe(401);
  });
});
