/** What a write to the cluster is conditional on, and how objects go that finalizers hold. */
import type { V1Service } from '@kubernetes/client-node';
import { startTestAzure, type TestAzure } from './azure-fixture.js';
import { apply, codeOf, connect, NAMESPACE, service, WORKSPACES, workspace } from './kubernetes-fixture.js';

const NAME = 'mistral-7b';
const CLEANUP = 'service.kubernetes.io/load-balancer-cleanup';
const AT = { namespace: NAMESPACE, name: NAME };
const WORKSPACE_AT = { ...WORKSPACES, name: 'workspace-mistral-7b' };

/** As it was read: a load balancer Service that its controller holds. */
async function created(azure: TestAzure): Promise<V1Service> {
  const { core } = await connect(azure);
  await core.createNamespacedService({ namespace: NAMESPACE, body: service() });
  return core.readNamespacedService(AT);
}

/** Status and message of a refusal. */
async function refusal(call: Promise<unknown>): Promise<[number, string] | undefined> {
  return call.then(
    () => undefined,
    (error: { code: number; body: string }) => [error.code, (JSON.parse(error.body) as { message: string }).message],
  );
}

describe('a creation', () => {
  it('makes something new or nothing', async () => {
    const azure = await startTestAzure();
    const { core, custom } = await connect(azure);
    const body = await created(azure);
    const { resourceVersion, ...metadata } = body.metadata!;
    const again = core.createNamespacedService({ namespace: NAMESPACE, body: { ...body, metadata } });
    expect(await refusal(again)).toEqual([409, 'services "mistral-7b" already exists']);
    const versioned = core.createNamespacedService({ namespace: NAMESPACE, body });
    expect(await refusal(versioned)).toEqual([500, expect.stringContaining('resourceVersion should not be set')]);
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    expect(await codeOf(custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() }))).toBe(409);
  });

  it('is answered before controllers have written, so its version has passed when it is used', async () => {
    const azure = await startTestAzure();
    const { core } = await connect(azure);
    const body = await core.createNamespacedService({ namespace: NAMESPACE, body: service() });
    expect(body.metadata?.finalizers).toBeUndefined();
    expect((await core.readNamespacedService(AT)).metadata?.finalizers).toEqual([CLEANUP]);
    expect(await codeOf(core.replaceNamespacedService({ ...AT, body }))).toBe(409);
  });
});

describe('a replacement', () => {
  it('is refused on a version that has passed, or of another object of that name', async () => {
    const azure = await startTestAzure();
    const { core } = await connect(azure);
    const stale = await created(azure);
    stale.metadata!.labels = { changed: 'once' };
    const fresh = await core.replaceNamespacedService({ ...AT, body: stale });
    expect(fresh.metadata?.resourceVersion).not.toBe(stale.metadata?.resourceVersion);
    stale.metadata!.labels = { changed: 'twice' };
    expect(await refusal(core.replaceNamespacedService({ ...AT, body: stale }))).toEqual([
      409,
      expect.stringContaining('the object has been modified'),
    ]);
    const other = { ...fresh, metadata: { ...fresh.metadata, uid: '00000000-0000-0000-0000-000000000000' } };
    expect(await refusal(core.replaceNamespacedService({ ...AT, body: other }))).toEqual([
      409,
      expect.stringContaining('UID in precondition: 00000000'),
    ]);
  });

  it('needs no version for a core object, but for a custom one', async () => {
    const azure = await startTestAzure();
    const { core, custom } = await connect(azure);
    await created(azure);
    await core.replaceNamespacedService({ ...AT, body: service() });
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    const blind = custom.replaceNamespacedCustomObject({ ...WORKSPACE_AT, body: workspace() });
    expect(await refusal(blind)).toEqual([422, expect.stringContaining('must be specified for an update')]);
  });

  it('takes no conditional headers', async () => {
    const azure = await startTestAzure();
    await created(azure);
    const { token } = await azure.credential.getToken('6dae42f8-4368-4678-94ff-3960e28e3630/.default');
    const answer = await fetch(`${azure.world.kubernetesUrl}/api/v1/namespaces/${NAMESPACE}/services/${NAME}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'if-match': '"stale"', 'if-none-match': '*' },
      body: JSON.stringify(service()),
    });
    expect(answer.status).toBe(200);
  });

  it('by server-side apply names a version only to be held to it', async () => {
    const azure = await startTestAzure();
    const path = `/api/v1/namespaces/${NAMESPACE}/services/${NAME}`;
    const named = (metadata: object) => ({ ...service(), metadata: { ...service().metadata, ...metadata } });
    const uid = '00000000-0000-0000-0000-000000000000';
    expect((await apply(azure, path, named({ uid }))).status).toBe(409);
    expect((await apply(azure, path, named({}))).status).toBe(201);
    expect((await apply(azure, path, named({ resourceVersion: '1' }))).status).toBe(409);
  });
});

describe('a deletion', () => {
  it('is of the object with that uid and version only', async () => {
    const azure = await startTestAzure();
    const { core } = await connect(azure);
    const { resourceVersion, uid } = (await created(azure)).metadata!;
    const remove = (preconditions: object) => core.deleteNamespacedService({ ...AT, body: { preconditions } });
    expect(await refusal(remove({ uid: 'other' }))).toEqual([409, expect.stringContaining('UID in precondition')]);
    expect(await codeOf(remove({ uid, resourceVersion: '1' }))).toBe(409);
    expect((await remove({ uid, resourceVersion })).metadata?.deletionTimestamp).toBeDefined();
  });

  it('of what nothing holds is done with the answer', async () => {
    const azure = await startTestAzure();
    const { core } = await connect(azure);
    const body = { metadata: { name: NAME }, spec: { ports: [{ port: 80 }] } };
    await core.createNamespacedService({ namespace: NAMESPACE, body });
    expect((await core.deleteNamespacedService(AT)).metadata?.name).toBe(NAME);
    expect(await codeOf(core.readNamespacedService(AT))).toBe(404);
  });
});

describe('an object that is terminating', () => {
  it('keeps its conditions as they were', async () => {
    const azure = await startTestAzure();
    const { custom } = await connect(azure);
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    await azure.clock.advance(720_000);
    const before = await custom.getNamespacedCustomObject(WORKSPACE_AT);
    const answer = await custom.deleteNamespacedCustomObject(WORKSPACE_AT);
    expect(answer.metadata.deletionTimestamp).toBeDefined();
    const after = await custom.getNamespacedCustomObject(WORKSPACE_AT);
    expect(after.metadata).toMatchObject({
      finalizers: ['workspace.finalizer.kaito.sh'],
      deletionGracePeriodSeconds: 0,
    });
    expect(after.status).toEqual(before.status);
    expect(after.status.conditions).toContainEqual(expect.objectContaining({ type: 'InferenceReady', status: 'True' }));
  });

  it('waits for every finalizer, takes no new one, and goes with the last', async () => {
    const azure = await startTestAzure();
    const { core } = await connect(azure);
    const body = await created(azure);
    body.metadata!.finalizers!.push('example.com/mine');
    await core.replaceNamespacedService({ ...AT, body });
    await core.deleteNamespacedService(AT);
    await azure.clock.advance(60_000);
    const held = await core.readNamespacedService(AT);
    expect(held.metadata?.finalizers).toEqual(['example.com/mine']);
    const more = { ...held, metadata: { ...held.metadata, finalizers: ['example.com/mine', 'example.com/more'] } };
    expect(await refusal(core.replaceNamespacedService({ ...AT, body: more }))).toEqual([
      422,
      expect.stringContaining('no new finalizers can be added if the object is being deleted'),
    ]);
    await core.replaceNamespacedService({ ...AT, body: { ...held, metadata: { ...held.metadata, finalizers: [] } } });
    expect(await codeOf(core.readNamespacedService(AT))).toBe(404);
  });
});

describe('a finalizer that a PUT leaves out', () => {
  it('is gone, and with it the wait for the load balancer', async () => {
    const azure = await startTestAzure();
    const { core } = await connect(azure);
    const body = await created(azure);
    await azure.clock.advance(70_000);
    const current = await core.readNamespacedService(AT);
    const { finalizers, ...metadata } = current.metadata!;
    expect(finalizers).toEqual([CLEANUP]);
    const replaced = await core.replaceNamespacedService({ ...AT, body: { ...body, metadata } });
    expect(replaced.metadata?.finalizers).toBeUndefined();
    await azure.clock.advance(3_600_000);
    expect((await core.readNamespacedService(AT)).metadata?.finalizers).toBeUndefined();
    await core.deleteNamespacedService(AT);
    expect(await codeOf(core.readNamespacedService(AT))).toBe(404);
  });

  it('comes back with the next change that is the load balancer’s business', async () => {
    const azure = await startTestAzure();
    const { core } = await connect(azure);
    await created(azure);
    const wider = service();
    wider.spec!.loadBalancerSourceRanges = ['10.10.0.0/16'];
    await core.replaceNamespacedService({ ...AT, body: wider });
    expect((await core.readNamespacedService(AT)).metadata?.finalizers).toEqual([CLEANUP]);
  });

  it('is put back at once by KAITO', async () => {
    const azure = await startTestAzure();
    const { custom } = await connect(azure);
    await custom.createNamespacedCustomObject({ ...WORKSPACES, body: workspace() });
    const { finalizers, ...metadata } = (await custom.getNamespacedCustomObject(WORKSPACE_AT)).metadata;
    const replaced = await custom.replaceNamespacedCustomObject({
      ...WORKSPACE_AT,
      body: { ...workspace(), metadata },
    });
    expect(replaced.metadata.finalizers).toBeUndefined();
    expect((await custom.getNamespacedCustomObject(WORKSPACE_AT)).metadata.finalizers).toEqual(finalizers);
  });

  it('stays when a patch says nothing of it', async () => {
    const azure = await startTestAzure();
    const { core } = await connect(azure);
    await created(azure);
    const path = `/api/v1/namespaces/${NAMESPACE}/services/${NAME}`;
    await apply(azure, path, service(), 'someone', true);
    const { token } = await azure.credential.getToken('6dae42f8-4368-4678-94ff-3960e28e3630/.default');
    const merged = await fetch(azure.world.kubernetesUrl + path, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ metadata: { labels: { team: 'a' } } }),
    });
    expect(await merged.json()).toMatchObject({ metadata: { labels: { team: 'a' }, finalizers: [CLEANUP] } });
    expect((await core.readNamespacedService(AT)).metadata?.finalizers).toEqual([CLEANUP]);
  });
});
