import { DATABASE, type Rig, startRig, statusOf, TEAMS } from './cosmos-setup.js';

describe('items in Cosmos DB', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await startRig([TEAMS, { id: 'regions', partitionKey: { paths: ['/country', '/city'] } }]);
  });
  afterEach(async () => {
    await rig.close();
  });

  it('keeps a document as it was written and adds the system properties', async () => {
    const document = {
      id: 'a',
      team: 'alpha',
      text: 'Grüße ☃ ',
      nested: { list: [1, null, true, { x: 1.5 }] },
      empty: {},
    };
    const created = await rig.container().items.create(document);
    expect(created.statusCode).toBe(201);
    const read = await rig.container().item('a', 'alpha').read();
    expect(read.resource).toMatchObject(document);
    expect(read.resource!['_ts']).toBe(rig.clock.now() / 1000);
    expect(read.resource!['_etag']).toBe(read.etag);
    expect(read.etag).toMatch(/^"[0-9a-f-]{36}"$/);
    expect(read.requestCharge).toBe(1);
    expect(created.requestCharge).toBeGreaterThanOrEqual(5);
    expect(read.headers['x-ms-session-token']).toMatch(/^0:-1#\d+$/);
  });

  it('refuses the same id in the same partition, and takes it in another', async () => {
    await rig.container().items.create({ id: 'a', team: 'alpha' });
    expect(await statusOf(rig.container().items.create({ id: 'a', team: 'alpha' }))).toBe(409);
    expect((await rig.container().items.create({ id: 'a', team: 'beta' })).statusCode).toBe(201);
  });

  it('answers a read of a missing item with 404, also when only the partition is wrong', async () => {
    await rig.container().items.create({ id: 'a', team: 'alpha' });
    const missing = await rig.container().item('b', 'alpha').read();
    expect([missing.statusCode, missing.resource]).toEqual([404, undefined]);
    expect((await rig.container().item('a', 'beta').read()).statusCode).toBe(404);
  });

  it('upserts: 201 for a new item, 200 for one that is there', async () => {
    expect((await rig.container().items.upsert({ id: 'a', team: 'alpha', n: 1 })).statusCode).toBe(201);
    const second = await rig.container().items.upsert({ id: 'a', team: 'alpha', n: 2 });
    expect([second.statusCode, second.resource!['n']]).toEqual([200, 2]);
  });

  it('deletes once', async () => {
    await rig.container().items.create({ id: 'a', team: 'alpha' });
    expect((await rig.container().item('a', 'alpha').delete()).statusCode).toBe(204);
    expect(await statusOf(rig.container().item('a', 'alpha').delete())).toBe(404);
  });

  it('refuses a partition key or an id that differs from the addressed item', async () => {
    await rig.container().items.create({ id: 'a', team: 'alpha' });
    const item = rig.container().item('a', 'alpha');
    expect(await statusOf(item.replace({ id: 'a', team: 'beta' }))).toBe(400);
    expect(await statusOf(item.replace({ id: 'b', team: 'alpha' }))).toBe(400);
  });

  it.each(['a/b', 'a\\b', 'a?b', 'a#b'])('refuses the id %j', async (id) => {
    const batch = await rig
      .container()
      .items.batch([{ operationType: 'Create', resourceBody: { id, team: 'alpha' } }], 'alpha');
    expect(batch.result!.map((each) => each.statusCode)).toEqual([400]);
  });

  it('takes ids with spaces, percent signs and any script', async () => {
    for (const id of ['a b', '50%', '日本', "it's", 'a&b=c+d', '__proto__', 'ends with ']) {
      await rig.container().items.create({ id, team: 'alpha' });
      expect((await rig.container().item(id, 'alpha').read()).resource!['id']).toBe(id);
    }
  });

  it('refuses an item over 2 MB with 413 and keeps nothing of it', async () => {
    const text = 'x'.repeat(2 * 1024 * 1024);
    expect(await statusOf(rig.container().items.create({ id: 'big', team: 'alpha', text }))).toBe(413);
    expect(await statusOf(rig.container().items.create({ id: 'huge', team: 'alpha', text: text.repeat(3) }))).toBe(413);
    expect((await rig.container().item('big', 'alpha').read()).statusCode).toBe(404);
    const fits = await rig.container().items.create({ id: 'big', team: 'alpha', text: text.slice(1024) });
    expect(fits.statusCode).toBe(201);
  });

  it('distinguishes missing, null and typed partition keys', async () => {
    const keys = [undefined, null, 1, '1', true];
    for (const team of keys)
      await rig.container().items.create({ id: 'a', team, was: String(typeof team) + String(team) });
    for (const team of [null, 1, '1', true])
      expect((await rig.container().item('a', team).read()).resource!['was']).toBe(String(typeof team) + String(team));
    const none = await rig.container().item('a', undefined).read();
    expect(none.resource!['was']).toBe('undefinedundefined');
  });

  it('reads by a hierarchical key, and queries by its prefix', async () => {
    const regions = rig.container('regions');
    for (const [country, city] of [
      ['A', 'x'],
      ['A', 'y'],
      ['AB', 'x'],
    ])
      await regions.items.create({ id: 'i', country, city });
    expect((await regions.item('i', ['A', 'y']).read()).resource).toMatchObject({ country: 'A', city: 'y' });
    const { resources } = await regions.items
      .query<string>('SELECT VALUE c.city FROM c', { partitionKey: ['A'] })
      .fetchAll();
    expect(resources).toEqual(['x', 'y']);
  });

  it('survives 100 parallel upserts and increments', async () => {
    const parallel = <T>(run: (index: number) => Promise<T>) =>
      Promise.all(Array.from({ length: 100 }, (_, index) => run(index)));
    await parallel((index) => rig.container().items.upsert({ id: `u${index}`, team: 'alpha' }));
    await rig.container().items.create({ id: 'counter', team: 'alpha', n: 0 });
    await parallel(() =>
      rig
        .container()
        .item('counter', 'alpha')
        .patch([{ op: 'incr', path: '/n', value: 1 }]),
    );
    expect((await rig.container().item('counter', 'alpha').read()).resource!['n']).toBe(100);
    const { resources } = await rig.container().items.readAll().fetchAll();
    expect(resources).toHaveLength(101);
  });

  it('answers for containers that do not exist with 404', async () => {
    expect(await statusOf(rig.client.database(DATABASE).container('none').items.create({ id: 'a' }))).toBe(404);
    expect(await statusOf(rig.client.database('none').read())).toBe(404);
  });
});
