import { GROUP, refusal, SUBSCRIPTION, startTestAzure, type TestAzure } from './azure-fixture.js';

const ZONE = 'models.contoso.internal';
const NETWORK = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.Network/virtualNetworks/vnet`;

async function createZone({ clock, dns }: TestAzure) {
  const poller = dns.privateZones.createOrUpdate(GROUP, ZONE, { location: 'global' });
  await poller.submitted();
  await clock.advance(70_000);
  await poller.poll();
  return poller.result;
}

async function link({ clock, dns }: TestAzure) {
  const parameters = { location: 'global', virtualNetwork: { id: NETWORK }, registrationEnabled: false };
  const poller = dns.virtualNetworkLinks.createOrUpdate(GROUP, ZONE, 'vnet', parameters);
  await poller.submitted();
  await clock.advance(50_000);
  await poller.poll();
  return poller.result;
}

describe('a private DNS zone', () => {
  it('is created in an operation, linked to a network, and holds records', async () => {
    const azure = await startTestAzure();
    expect(await createZone(azure)).toMatchObject({ provisioningState: 'Succeeded', numberOfRecordSets: 1 });
    expect(await link(azure)).toMatchObject({ virtualNetworkLinkState: 'Completed', virtualNetwork: { id: NETWORK } });
    await azure.dns.recordSets.createOrUpdate(GROUP, ZONE, 'A', 'phi', {
      ttl: 60,
      aRecords: [{ ipv4Address: '10.0.0.4' }],
    });
    expect(await azure.dns.privateZones.get(GROUP, ZONE)).toMatchObject({
      numberOfRecordSets: 2,
      numberOfVirtualNetworkLinks: 1,
    });
  });

  it('is not deleted while it is linked', async () => {
    const azure = await startTestAzure();
    const { clock, dns } = azure;
    await createZone(azure);
    await link(azure);
    expect(await refusal(dns.privateZones.delete(GROUP, ZONE).submitted())).toMatchObject({
      statusCode: 409,
      code: 'CannotDeleteResource',
    });
    await dns.virtualNetworkLinks.delete(GROUP, ZONE, 'vnet').submitted();
    await clock.advance(50_000);
    await dns.privateZones.delete(GROUP, ZONE).submitted();
    await clock.advance(70_000);
    expect(await refusal(dns.privateZones.get(GROUP, ZONE))).toMatchObject({ statusCode: 404 });
  });

  it('is created once with If-None-Match, and stands at global', async () => {
    const azure = await startTestAzure();
    await createZone(azure);
    const again = azure.dns.privateZones.createOrUpdate(GROUP, ZONE, { location: 'global' }, { ifNoneMatch: '*' });
    expect(await refusal(again.submitted())).toMatchObject({ statusCode: 412, code: 'PreconditionFailed' });
    const elsewhere = azure.dns.privateZones.createOrUpdate(GROUP, 'a.b', { location: 'swedencentral' });
    expect(await refusal(elsewhere.submitted())).toMatchObject({ statusCode: 400 });
  });
});
