import type { ManagedCluster } from '@azure/arm-containerservice';
import { GROUP, RESOURCES, refusal, startTestAzure, type TestAzure } from './azure-fixture.js';

const CLUSTER: ManagedCluster = {
  location: 'swedencentral',
  identity: { type: 'SystemAssigned' },
  dnsPrefix: 'aks',
  agentPoolProfiles: [{ name: 'system', count: 2, vmSize: 'Standard_D4ds_v5', mode: 'System' }],
};

const POOL = { count: 1, vmSize: 'Standard_NC24ads_A100_v4', mode: 'User' as const };

const withoutCluster = { ...RESOURCES, resources: RESOURCES.resources.filter(({ id }) => !id.endsWith('/aks-hai')) };

async function poolState({ aks }: TestAzure, name: string) {
  return (await aks.agentPools.get(GROUP, 'aks-hai', name)).provisioningState;
}

describe('a cluster', () => {
  it('is created in minutes with its pools, and has its API only then', async () => {
    const azure = await startTestAzure({ resources: withoutCluster });
    const { aks, clock, credential, world } = azure;
    const { token } = await credential.getToken('6dae42f8-4368-4678-94ff-3960e28e3630/.default');
    const headers = { authorization: `Bearer ${token}` };
    const version = async () => (await fetch(`${world.kubernetesUrl}/version`, { headers })).status;
    const poller = aks.managedClusters.createOrUpdate(GROUP, 'aks-hai', CLUSTER);
    await poller.submitted();
    expect((await aks.managedClusters.get(GROUP, 'aks-hai')).provisioningState).toBe('Creating');
    expect(await version()).toBe(503);
    await clock.advance(500_000);
    await poller.poll();
    expect(poller.result).toMatchObject({ provisioningState: 'Succeeded' });
    expect(poller.result?.agentPoolProfiles).toMatchObject([{ name: 'system', count: 2 }]);
    expect(await version()).toBe(200);
    const namespaces = await fetch(`${world.kubernetesUrl}/api/v1/namespaces`, { headers });
    expect(JSON.stringify(await namespaces.json())).toContain('kaito-models');
  });

  it('takes one operation at a time, its pools included', async () => {
    const azure = await startTestAzure();
    const { aks, clock } = azure;
    await aks.agentPools.createOrUpdate(GROUP, 'aks-hai', 'np', POOL).submitted();
    const cluster = () => aks.managedClusters.updateTags(GROUP, 'aks-hai', { tags: { a: 'b' } }).submitted();
    expect(await refusal(cluster())).toMatchObject({
      statusCode: 409,
      code: 'OperationNotAllowed',
      message: expect.stringContaining('Another agentpool operation (np - Creating) is in progress'),
    });
    await clock.advance(400_000);
    await cluster();
    const pool = aks.agentPools.createOrUpdate(GROUP, 'aks-hai', 'other', POOL).submitted();
    expect(await refusal(pool)).toMatchObject({
      statusCode: 409,
      message: expect.stringContaining('Another operation (Updating) is in progress'),
    });
  });

  it('goes with all that was in it', async () => {
    const { aks, clock, world } = await startTestAzure();
    const poller = aks.managedClusters.delete(GROUP, 'aks-hai');
    await poller.submitted();
    await clock.advance(500_000);
    await poller.poll();
    expect(poller.isDone).toBe(true);
    expect(world.inventory().filter((id) => /agentPools|Namespace/.test(id))).toEqual([]);
  });

  it('needs a system pool', async () => {
    const { aks } = await startTestAzure({ resources: withoutCluster });
    const put = aks.managedClusters.createOrUpdate(GROUP, 'aks-hai', { ...CLUSTER, agentPoolProfiles: [] });
    expect(await refusal(put.submitted())).toMatchObject({ statusCode: 400, code: 'InvalidParameter' });
  });
});

describe('an agent pool', () => {
  it('is created, scaled and deleted in operations of its own', async () => {
    const azure = await startTestAzure();
    const { aks, clock } = azure;
    const poller = aks.agentPools.createOrUpdate(GROUP, 'aks-hai', 'np', POOL);
    await poller.submitted();
    expect(await poolState(azure, 'np')).toBe('Creating');
    await clock.advance(400_000);
    await poller.poll();
    expect(poller.result).toMatchObject({ provisioningState: 'Succeeded', count: 1 });
    await aks.agentPools.createOrUpdate(GROUP, 'aks-hai', 'np', { ...POOL, count: 2 }).submitted();
    expect(await poolState(azure, 'np')).toBe('Updating');
    const meanwhile = aks.agentPools.delete(GROUP, 'aks-hai', 'np').submitted();
    expect(await refusal(meanwhile)).toMatchObject({ statusCode: 409, code: 'OperationNotAllowed' });
    await clock.advance(200_000);
    await aks.agentPools.delete(GROUP, 'aks-hai', 'np').submitted();
    await clock.advance(300_000);
    expect(await refusal(poolState(azure, 'np'))).toMatchObject({ statusCode: 404 });
  });

  it('gets no more cores than the region has', async () => {
    const { aks } = await startTestAzure({ resources: { ...RESOURCES, limits: { regionalVcpus: 52 } } });
    const put = aks.agentPools.createOrUpdate(GROUP, 'aks-hai', 'np', { ...POOL, count: 3 }).submitted();
    expect(await refusal(put)).toMatchObject({
      statusCode: 400,
      code: 'ErrCode_InsufficientVCPUQuota',
      message: expect.stringContaining('Current Limit: 52, Current Usage: 4, Additional Required: 72'),
    });
  });

  it('is throttled by its provider long before ARM does', async () => {
    const { aks, clock } = await startTestAzure();
    const put = (index: number) => aks.agentPools.createOrUpdate(GROUP, 'aks-hai', `np${index}`, POOL).submitted();
    // The first fourteen fit into the region's cores; refused requests count as well.
    for (let sent = 0; sent < 20; sent++) await put(sent).catch(() => {});
    expect(await refusal(put(20))).toMatchObject({ statusCode: 429, code: 'Throttled' });
    await clock.advance(60_000);
    expect(await refusal(put(20))).toMatchObject({ code: 'ErrCode_InsufficientVCPUQuota' });
  });
});
