import type { ItemDefinition } from '@azure/cosmos';
import { type Rig, startRig, statusOf } from './cosmos-setup.js';

describe('time to live in Cosmos DB', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await startRig([
      { id: 'leases', partitionKey: { paths: ['/team'] }, defaultTtl: 60 },
      { id: 'switched-on', partitionKey: { paths: ['/team'] }, defaultTtl: -1 },
      { id: 'switched-off', partitionKey: { paths: ['/team'] } },
    ]);
  });
  afterEach(async () => {
    await rig.close();
  });

  const ids = async (container: string) =>
    (await rig.container(container).items.query<string>('SELECT VALUE c.id FROM c').fetchAll()).resources;

  it('forgets items after the container default, after their own time, or never', async () => {
    const leases = rig.container('leases').items;
    await leases.create({ id: 'default', team: 'a' });
    await leases.create({ id: 'short', team: 'a', ttl: 10 });
    await leases.create({ id: 'never', team: 'a', ttl: -1 });
    await rig.clock.advance(9_999);
    expect(await ids('leases')).toEqual(['default', 'short', 'never']);
    await rig.clock.advance(1);
    expect(await ids('leases')).toEqual(['default', 'never']);
    expect((await rig.container('leases').item('short', 'a').read()).statusCode).toBe(404);
    await rig.clock.advance(50_000);
    expect(await ids('leases')).toEqual(['never']);
  });

  it('starts the time anew with every write, and frees the id when it is over', async () => {
    const item = rig.container('leases').item('a', 'alpha');
    await rig.container('leases').items.create({ id: 'a', team: 'alpha', ttl: 30 });
    await rig.clock.advance(29_000);
    await item.patch([{ op: 'set', path: '/renewed', value: true }]);
    await rig.clock.advance(29_000);
    expect((await item.read()).statusCode).toBe(200);
    await rig.clock.advance(1_000);
    expect(await statusOf(item.replace({ id: 'a', team: 'alpha' }))).toBe(404);
    expect((await rig.container('leases').items.create({ id: 'a', team: 'alpha' })).statusCode).toBe(201);
  });

  it('heeds the ttl of an item only where the container has TTL switched on', async () => {
    for (const name of ['switched-on', 'switched-off'])
      await rig.container(name).items.create({ id: 'a', team: 'a', ttl: 5 });
    await rig.container('switched-on').items.create({ id: 'b', team: 'a' });
    await rig.clock.advance(3_600_000);
    expect(await ids('switched-on')).toEqual(['b']);
    expect(await ids('switched-off')).toEqual(['a']);
  });

  it.each([0, -2, 1.5, '10', null])('refuses ttl %j', async (ttl) => {
    expect(
      await statusOf(rig.container('leases').items.create<ItemDefinition>({ id: 'a', team: 'a', ttl: ttl as number })),
    ).toBe(400);
  });

  it('applies a changed default to the items that are there', async () => {
    await rig.container('switched-off').items.create({ id: 'a', team: 'a' });
    const container = rig.container('switched-off');
    const { resource } = await container.read();
    await container.replace({ ...resource!, defaultTtl: 10 });
    await rig.clock.advance(10_000);
    expect(await ids('switched-off')).toEqual([]);
  });
});
