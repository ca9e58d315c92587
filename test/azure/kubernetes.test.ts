import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { loadTls } from '../../local/tls.js';
import type { RecordedRequest } from '../../local/world/azure/index.js';
import type { AzureConnection } from '../../shared/azure/connection.js';
import { kubernetes } from '../../shared/azure/kubernetes.js';
import type { ServiceError } from '../../shared/model/service-error.js';
import { GROUP, RESOURCES, SUBSCRIPTION, startTestAzure, type TestAzure } from '../local/azure-fixture.js';
import { between } from './between.js';

const NAMESPACE = 'kaito-models';
const CLUSTER = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.ContainerService/managedClusters/aks-hai`;
const NAME = 'mistral-7b';
const LOAD_BALANCER = 'service.beta.kubernetes.io/azure-load-balancer';

const MANIFEST = {
  labels: { 'app.kubernetes.io/managed-by': 'hai' },
  annotations: {
    [`${LOAD_BALANCER}-internal`]: 'true',
    [`${LOAD_BALANCER}-internal-subnet`]: 'models',
    [`${LOAD_BALANCER}-ipv4`]: '10.10.7.200',
  },
  spec: {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    selector: { 'kaito.sh/workspace': 'workspace-mistral-7b' },
    ports: [{ name: 'http', port: 80, targetPort: 5000, protocol: 'TCP' }],
    loadBalancerSourceRanges: ['10.10.6.0/24'],
  },
};

const WORKSPACE = {
  name: 'workspace-mistral-7b',
  labels: { 'app.kubernetes.io/managed-by': 'hai' },
  instanceType: 'Standard_NV36ads_A10_v5',
  preset: 'mistral-7b-instruct',
  model: NAME,
};

interface Opened {
  resources?: typeof RESOURCES;
  change?: Partial<AzureConnection>;
  namespace?: string;
}

async function open({ change, namespace, resources = RESOURCES }: Opened = {}) {
  const recorded: RecordedRequest[] = [];
  const azure = await startTestAzure({ resources, record: (entry) => recorded.push(entry) });
  return { azure, recorded, cluster: adapter(azure, change, namespace) };
}

function adapter({ credential, world }: TestAzure, change: Partial<AzureConnection> = {}, namespace = NAMESPACE) {
  const connection = {
    credential,
    azureSubscriptionId: SUBSCRIPTION,
    armEndpoint: world.armUrl,
    callDeadlineSeconds: 10,
  };
  return kubernetes({ ...connection, ...change }, CLUSTER, namespace);
}

async function failure(call: Promise<unknown>): Promise<ServiceError> {
  const error = await call.then(
    () => undefined,
    (thrown: ServiceError) => thrown,
  );
  if (error?.name !== 'ServiceError') throw new Error(`The call was expected to fail as a service does: ${error}`);
  return error;
}

const filesRead = ({ world }: TestAzure): number =>
  world.requests.count('POST', 'Microsoft.ContainerService/managedClusters/listClusterUserCredential');

describe('a Service', () => {
  it('is created where there is none, and shows its address once the load balancer has it', async () => {
    const { azure, cluster } = await open();
    expect(await cluster.readService(NAME)).toBeUndefined();
    await cluster.writeService(NAME, MANIFEST);
    expect(await failure(cluster.writeService(NAME, MANIFEST))).toMatchObject({ status: 409, code: 'AlreadyExists' });
    const created = (await cluster.readService(NAME))!;
    expect(created).toMatchObject({ manifest: MANIFEST, isTerminating: false, address: undefined });
    expect(Object.keys(created.manifest.spec)).not.toContain('clusterIP');
    expect(await cluster.listServicesAt('10.10.7.200')).toEqual([NAME]);
    await azure.clock.advance(180_000);
    expect((await cluster.readService(NAME))?.address).toBe('10.10.7.200');
    expect(await cluster.listServicesAt('10.10.7.201')).toEqual([]);
  });

  it('is replaced with all that others and the cluster have put into it, in the version that was read', async () => {
    const { cluster, recorded } = await open();
    await cluster.writeService(NAME, {
      labels: { ...MANIFEST.labels, theirs: 'label' },
      annotations: { ...MANIFEST.annotations, theirs: 'annotation' },
      spec: { ...MANIFEST.spec, sessionAffinity: 'ClientIP', internalTrafficPolicy: 'Local' },
    });
    const found = (await cluster.readService(NAME))!;
    const wanted = { ...MANIFEST, spec: { ...MANIFEST.spec, loadBalancerSourceRanges: ['10.10.9.0/24'] } };
    await cluster.writeService(NAME, wanted, found);
    const { metadata, spec } = found.raw as { metadata: object; spec: { clusterIP: string; ports: object[] } };
    expect(recorded.findLast(({ method }) => method === 'PUT')?.body).toMatchObject({
      metadata: {
        ...metadata,
        uid: found.uid,
        resourceVersion: found.resourceVersion,
        finalizers: ['service.kubernetes.io/load-balancer-cleanup'],
        labels: { ...MANIFEST.labels, theirs: 'label' },
        annotations: { ...MANIFEST.annotations, theirs: 'annotation' },
      },
      spec: {
        clusterIP: spec.clusterIP,
        sessionAffinity: 'ClientIP',
        internalTrafficPolicy: 'Local',
        loadBalancerSourceRanges: ['10.10.9.0/24'],
        ports: [{ ...spec.ports[0], nodePort: expect.any(Number), targetPort: 5000 }],
      },
    });
    expect((await cluster.readService(NAME))?.manifest.spec).toMatchObject(wanted.spec);
    expect(await failure(cluster.writeService(NAME, MANIFEST, found))).toMatchObject({ status: 409, code: 'Conflict' });
  });

  it('is removed only as the object that was read, and is terminating until the load balancer is gone', async () => {
    const { azure, cluster } = await open();
    await cluster.writeService(NAME, MANIFEST);
    const { uid } = (await cluster.readService(NAME))!;
    const other = '11111111-2222-3333-4444-555555555555';
    expect(await failure(cluster.deleteService(NAME, other))).toMatchObject({ status: 409, code: 'Conflict' });
    expect(await cluster.deleteService(NAME, uid)).toBe('begun');
    expect(await cluster.readService(NAME)).toMatchObject({ uid, isTerminating: true });
    await azure.clock.advance(180_000);
    expect(await cluster.readService(NAME)).toBeUndefined();
    expect(await cluster.deleteService(NAME, uid)).toBe('begun');
  });
});

describe('a Workspace', () => {
  it('is created once, tells how far it is, and keeps its conditions while it is terminating', async () => {
    const { azure, cluster } = await open();
    expect(await cluster.readWorkspace(WORKSPACE.name)).toBeUndefined();
    await cluster.createWorkspace(WORKSPACE);
    expect(await failure(cluster.createWorkspace(WORKSPACE))).toMatchObject({ status: 409, code: 'AlreadyExists' });
    const { preset, instanceType, labels } = WORKSPACE;
    const created = await cluster.readWorkspace(WORKSPACE.name);
    expect(created).toMatchObject({ preset, instanceType, labels, isTerminating: false, conditions: [] });
    await azure.clock.advance(800_000);
    const ready = { type: 'InferenceReady', status: 'True' };
    const served = (await cluster.readWorkspace(WORKSPACE.name))!;
    expect(served.conditions).toContainEqual(expect.objectContaining(ready));
    expect(await cluster.deleteWorkspace(WORKSPACE.name, served.uid)).toBe('begun');
    const leaving = (await cluster.readWorkspace(WORKSPACE.name))!;
    expect(leaving.isTerminating).toBe(true);
    expect(leaving.conditions).toContainEqual(expect.objectContaining(ready));
    await azure.clock.advance(60_000);
    expect(await cluster.readWorkspace(WORKSPACE.name)).toBeUndefined();
    expect(await cluster.deleteWorkspace(WORKSPACE.name, served.uid)).toBe('begun');
  });
});

describe('the cluster', () => {
  it('tells its state and its node pools, and removes one of them', async () => {
    const { azure, cluster } = await open();
    expect(await cluster.readCluster()).toEqual({ state: 'Succeeded', hasKaito: false });
    const pool = { count: 1, vmSize: 'Standard_NC24ads_A100_v4', mode: 'User' as const, nodeLabels: { a: 'b' } };
    await azure.aks.agentPools.createOrUpdate(GROUP, 'aks-hai', 'gpu', pool).submitted();
    await azure.clock.advance(600_000);
    expect(await cluster.listPools()).toContainEqual({ name: 'gpu', labels: { a: 'b' }, state: 'Succeeded' });
    expect(await cluster.deletePool('gpu')).toBe('begun');
    expect(await cluster.listPools()).toContainEqual({ name: 'gpu', labels: { a: 'b' }, state: 'Deleting' });
    await azure.clock.advance(600_000);
    expect((await cluster.listPools()).map(({ name }) => name)).toEqual(['system']);
    expect(await cluster.deletePool('gpu')).toBe('begun');
  });

  it('shows the newest warning about an object, not about its namesakes', async () => {
    const event = (name: string, kind: string, lastTimestamp: string | null, message: string, more: object = {}) => ({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: NAMESPACE },
      involvedObject: { kind, name: NAME, namespace: NAMESPACE },
      type: 'Warning',
      reason: 'Failed',
      message,
      lastTimestamp,
      ...more,
    });
    const events = [
      event('a', 'Service', '2026-11-01T10:00:00Z', 'newest'),
      event('b', 'Service', '2026-11-01T09:00:00Z', 'older'),
      event('c', 'Service', null, 'oldest', { eventTime: '2026-11-01T08:00:00.000000Z' }),
      event('d', 'Service', '2026-11-01T11:00:00Z', 'all is well', { type: 'Normal' }),
      event('e', 'Workspace', '2026-11-01T12:00:00Z', 'no GPU'),
    ];
    const { cluster } = await open({
      resources: { ...RESOURCES, kubernetes: [...RESOURCES.kubernetes, ...events] as never },
    });
    expect(await cluster.readWarning('Service', NAME)).toBe('Failed: newest');
    expect(await cluster.readWarning('Workspace', NAME)).toBe('Failed: no GPU');
    expect(await cluster.readWarning('Workspace', 'other')).toBeUndefined();
  });
});

describe('a refusal of the API server', () => {
  it("keeps a webhook's words to the last line, and says when to come again", async () => {
    const { azure, cluster } = await open();
    const denial = 'admission webhook "validation.workspace.kaito.sh" denied the request:\nfirst reason\nlast reason';
    const answer = { status: 429, code: 'TooManyRequests', message: denial, retryAfterSeconds: 7 };
    azure.world.faults.add({ match: { service: 'kubernetes', method: 'POST' }, answer });
    expect(await failure(cluster.createWorkspace(WORKSPACE))).toMatchObject({
      service: 'kubernetes',
      status: 429,
      code: 'TooManyRequests',
      detail: denial,
      retryAfterSeconds: 7,
    });
    const long = { status: 400, code: 'BadRequest', message: 'x'.repeat(10_000) };
    azure.world.faults.clear();
    azure.world.faults.add({ match: { service: 'kubernetes', method: 'POST' }, answer: long });
    expect((await failure(cluster.createWorkspace(WORKSPACE))).detail).toHaveLength(2000);
  });

  it('is no absence when the namespace, or the kind, is what is missing', async () => {
    const { azure, cluster } = await open({ namespace: 'elsewhere' });
    expect(await failure(cluster.readService(NAME))).toMatchObject({ status: 404, code: 'NotFound' });
    const message = 'the server could not find the requested resource';
    azure.world.faults.add({ match: { service: 'kubernetes' }, answer: { status: 404, code: 'NotFound', message } });
    expect(await failure(adapter(azure).readWorkspace(WORKSPACE.name))).toMatchObject({ status: 404 });
    expect(await failure(adapter(azure).deleteWorkspace(WORKSPACE.name, 'u'))).toMatchObject({ status: 404 });
  });
});

describe('the way to the API server', () => {
  /** Connections that are made meanwhile. */
  async function connections(run: () => Promise<unknown>): Promise<number> {
    let count = 0;
    const add = () => count++;
    subscribe('undici:client:connected', add);
    await run();
    unsubscribe('undici:client:connected', add);
    return count;
  }

  it('is read once, and one connection serves all calls', async () => {
    const { azure, cluster } = await open();
    const made = await connections(async () => {
      for (let call = 0; call < 5; call++) await cluster.readService(NAME);
    });
    expect(made).toBe(1);
    expect(filesRead(azure)).toBe(1);
    await Promise.all([cluster.readService(NAME), cluster.readWorkspace(NAME), cluster.readWarning('Service', NAME)]);
    expect(filesRead(azure)).toBe(1);
  });

  it('is read again after ten minutes', async () => {
    const { azure, cluster } = await open();
    await cluster.readService(NAME);
    const nowMs = Date.now();
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => nowMs + 11 * 60_000);
    await cluster.readService(NAME);
    clock.mockRestore();
    expect(filesRead(azure)).toBe(2);
  });

  it('is read again once the cluster shows a certificate of another authority', async () => {
    const azure = await startTestAzure();
    const otherCa = Buffer.from(loadTls().caPem).toString('base64');
    let isOld = true;
    const armEndpoint = await between(azure.world.armUrl, (method, answer) => {
      if (method !== 'POST' || !isOld) return answer;
      const { kubeconfigs } = JSON.parse(answer.text) as { kubeconfigs: { name: string; value: string }[] };
      const file = Buffer.from(kubeconfigs[0]!.value, 'base64')
        .toString()
        .replace(/(certificate-authority-data: ).*/, `$1${otherCa}`);
      const value = Buffer.from(file).toString('base64');
      return { ...answer, text: JSON.stringify({ kubeconfigs: [{ name: 'x', value }] }) };
    });
    const credential = {
      getToken: (scope: string | string[]) =>
        azure.credential.getToken(String(scope).startsWith('https') ? 'https://management.azure.com/.default' : scope),
    };
    const cluster = adapter(azure, { armEndpoint, credential });
    const error = await failure(cluster.readService(NAME));
    expect(error).toMatchObject({ service: 'kubernetes', status: undefined });
    expect(error.code).toMatch(/CERT|SIGNATURE/);
    isOld = false;
    expect(await cluster.readService(NAME)).toBeUndefined();
    expect(filesRead(azure)).toBe(2);
  });

  it('ends at the deadline, wherever it is stuck', async () => {
    const { azure, cluster } = await open({ change: { callDeadlineSeconds: 0.5 } });
    await cluster.readService(NAME);
    azure.world.faults.add({ kind: 'slow', seconds: 600, match: { service: 'kubernetes' } });
    const none = { service: 'kubernetes', status: undefined, code: 'NoAnswer' };
    expect(await failure(cluster.writeService(NAME, MANIFEST))).toMatchObject(none);
    azure.world.faults.add({ kind: 'slow', seconds: 600, match: { path: '/listClusterUserCredential' } });
    expect(await failure(adapter(azure, { callDeadlineSeconds: 0.5 }).readService(NAME))).toMatchObject(none);
  });

  it('is shut as long as there is no token, which is no refusal', async () => {
    const azure = await startTestAzure();
    const unavailable = Object.assign(new Error('no identity'), { name: 'CredentialUnavailableError' });
    const credential = { getToken: () => Promise.reject(unavailable) };
    expect(await failure(adapter(azure, { credential }).readService(NAME))).toMatchObject({
      status: undefined,
      code: 'TokenUnavailable',
    });
  });
});
