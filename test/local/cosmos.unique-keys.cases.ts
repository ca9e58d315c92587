import { type Rig, startRig, statusOf } from './cosmos-setup.js';

describe('unique keys in Cosmos DB', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await startRig([
      {
        id: 'names',
        partitionKey: { paths: ['/team'] },
        defaultTtl: -1,
        uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/name'] }, { paths: ['/a', '/b/c'] }] },
      },
    ]);
  });
  afterEach(async () => {
    await rig.close();
  });

  it('keeps values of a unique key apart within a partition', async () => {
    const names = rig.container('names').items;
    await names.create({ id: '1', team: 'alpha', name: 'x', a: 1 });
    expect(await statusOf(names.create({ id: '2', team: 'alpha', name: 'x', a: 2 }))).toBe(409);
    expect(await statusOf(names.create({ id: '2', team: 'alpha', name: 'y', a: 1, b: { c: null } }))).toBe(409);
    await names.create({ id: '2', team: 'alpha', name: 'y', a: 1, b: { c: 'other' } });
    await names.create({ id: '1', team: 'beta', name: 'x', a: 1 });
    expect(await statusOf(names.upsert({ id: '2', team: 'alpha', name: 'x', a: 3 }))).toBe(409);
    expect((await names.upsert({ id: '2', team: 'alpha', name: 'y', a: 3 })).statusCode).toBe(200);
  });

  it('frees the values of items that are deleted, changed or expired', async () => {
    const names = rig.container('names');
    await names.items.create({ id: '1', team: 'alpha', name: 'x', a: 1 });
    await names.item('1', 'alpha').replace({ id: '1', team: 'alpha', name: 'renamed', a: 1 });
    await names.items.create({ id: '2', team: 'alpha', name: 'x', a: 2 });
    await names.item('2', 'alpha').delete();
    await names.items.create({ id: '3', team: 'alpha', name: 'x', a: 3, ttl: 5 });
    expect(await statusOf(names.items.create({ id: '4', team: 'alpha', name: 'x', a: 4 }))).toBe(409);
    await rig.clock.advance(5_000);
    expect((await names.items.create({ id: '4', team: 'alpha', name: 'x', a: 4 })).statusCode).toBe(201);
  });
});
