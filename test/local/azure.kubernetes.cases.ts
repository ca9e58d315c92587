import type { AgentPool } from '@azure/arm-containerservice';
import type { CustomObjectsApi } from '@kubernetes/client-node';
import { GROUP, startTestAzure, type TestAzure } from './azure-fixture.js';
import { apply, codeOf, connect, NAMESPACE, service, WORKSPACES, workspace } from './kubernetes-fixture.js';

async function conditionsOf(custom: CustomObjectsApi): Promise<string[]> {
  const found = await custom.getNamespacedCustomObject({ ...WORKSPACES, name: 'workspace-mistral-7b' });
  const conditions: { type: string; status: string }[] = found.status?.conditions ?? [];
  return conditions.map(({ status, type }) => `${type}=${status}`);
}

async function poolsOf({ aks }: TestAzure) {
  const found: AgentPool[] = [];
  for await (const pool of aks.agentPools.list(GROUP, 'aks-hai')) {
    if (pool.nodeLabels?.['kaito.sh/workspace']) found.push(pool);
  }
  return found;
}

interface NodeClaim {
  metadata: { deletionTimestamp?: string };
  status: { conditions: { type: string; status: string; message: string }[] };
}

async function claimsOf(custom: CustomObjectsApi) {
  const claims = { group: 'karpenter.sh', version: 'v1', plural: 'nodeclaims' };
  const { items } = (await custom.listClusterCustomObject(claims)) as { items: NodeClaim[] };
  return items.map(({ metadata, status }) => ({
    terminating: metadata.deletionTimestamp !== undefined,
    ready: status.conditions.find(({ type }) => type === 'Ready')?.status,
    launched: status.conditions.find(({ type }) => type === 'Launched')?.message,
  }));
}

describe('a Workspace', () => {
  it('gets its node, then serves, with the conditions in that order and minutes in between', async () => {
    const azure = await startTestAzure();
    const { clock } = azure;
    const { core, custom } = await connect(azure);
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    expect(await conditionsOf(custom)).toEqual([]);
    await clock.advance(15_000);
    expect(await conditionsOf(custom)).toContain('NodeClaimReady=False');
    const pools = async () =>
      (await poolsOf(azure)).map(({ nodeLabels, provisioningState }) => [
        nodeLabels?.['kaito.sh/workspace'],
        provisioningState,
      ]);
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

  it('takes its NodeClaim and its agent pool with it, some time after it has gone itself', async () => {
    const azure = await startTestAzure();
    const { clock, world } = azure;
    const { custom } = await connect(azure);
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    await clock.advance(720_000);
    expect(await claimsOf(custom)).toMatchObject([{ terminating: false, ready: 'True' }]);
    await custom.deleteNamespacedCustomObject({ ...WORKSPACES, name: 'workspace-mistral-7b' });
    const again = custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    expect(await codeOf(again)).toBe(409);
    await clock.advance(30_000);
    expect(world.inventory().filter((id) => id.includes('mistral'))).toEqual([]);
    expect(await poolsOf(azure)).toMatchObject([{ provisioningState: 'Deleting' }]);
    expect(await claimsOf(custom)).toMatchObject([{ terminating: true }]);
    await clock.advance(240_000);
    expect([await poolsOf(azure), await claimsOf(custom)]).toEqual([[], []]);
  });

  it('takes its pool with it once that has come up, when it is deleted on the way', async () => {
    const azure = await startTestAzure();
    const { custom } = await connect(azure);
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    await azure.clock.advance(60_000);
    await custom.deleteNamespacedCustomObject({ ...WORKSPACES, name: 'workspace-mistral-7b' });
    await azure.clock.advance(60_000);
    expect(await poolsOf(azure)).toMatchObject([{ provisioningState: 'Creating' }]);
    // The next of its name waits for that, and then gets a pool of its own.
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    await azure.clock.advance(300_000);
    expect(await poolsOf(azure)).toMatchObject([{ provisioningState: 'Deleting' }]);
    await azure.clock.advance(1_000_000);
    expect(await conditionsOf(custom)).toContain('InferenceReady=True');
    expect(await poolsOf(azure)).toMatchObject([{ provisioningState: 'Succeeded' }]);
  });

  it('loses its NodeClaim to whoever deletes the pool through ARM', async () => {
    const azure = await startTestAzure();
    const { custom } = await connect(azure);
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    await azure.clock.advance(720_000);
    const [pool] = await poolsOf(azure);
    await azure.aks.agentPools.delete(GROUP, 'aks-hai', pool?.name ?? '').submitted();
    await azure.clock.advance(300_000);
    expect([await poolsOf(azure), await claimsOf(custom)]).toEqual([[], []]);
  });

  it('leaves its pool to ARM where the release does, and the next of its name takes that', async () => {
    const azure = await startTestAzure({ kaitoLeavesPools: true });
    const { custom } = await connect(azure);
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    await azure.clock.advance(60_000);
    await custom.deleteNamespacedCustomObject({ ...WORKSPACES, name: 'workspace-mistral-7b' });
    await azure.clock.advance(400_000);
    const [pool] = await poolsOf(azure);
    expect(pool?.provisioningState).toBe('Succeeded');
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    await azure.clock.advance(360_000);
    expect(await conditionsOf(custom)).toContain('InferenceReady=True');
    expect(await poolsOf(azure)).toMatchObject([{ name: pool?.name }]);
    await custom.deleteNamespacedCustomObject({ ...WORKSPACES, name: 'workspace-mistral-7b' });
    await azure.clock.advance(60_000);
    await azure.aks.agentPools.delete(GROUP, 'aks-hai', pool?.name ?? '').submitted();
    await azure.clock.advance(300_000);
    expect(await poolsOf(azure)).toEqual([]);
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
    expect(await claimsOf(custom)).toMatchObject([{ launched: expect.stringContaining('exceeding approved quota') }]);
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
    const { core } = await connect(azure);
    const before = await core.readNamespacedService({ namespace: NAMESPACE, name: 'mistral-7b' });
    const same = await apply(azure, path, labelled({ team: 'a', tier: 'x' }));
    expect(same.body['metadata']).toMatchObject({ resourceVersion: before.metadata?.resourceVersion });
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
