import { type Rig, startRig } from './cosmos-setup.js';

describe('continuation in Cosmos DB', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await startRig([{ id: 'many', partitionKey: { paths: ['/p'] } }]);
  });
  afterEach(async () => {
    await rig.close();
  });

  it('pages with a token that another client can go on with, in every kind of query', async () => {
    const many = rig.container('many');
    for (let index = 0; index < 23; index++)
      await many.items.create({ id: `i${index}`, p: index % 3, n: index, pair: [index, -index] });
    for (const query of [
      'SELECT VALUE c.n FROM c',
      'SELECT VALUE c.n FROM c ORDER BY c.n DESC',
      'SELECT DISTINCT VALUE c.n FROM c',
      'SELECT VALUE x FROM c JOIN x IN c.pair',
    ]) {
      const whole = (await many.items.query(query).fetchAll()).resources;
      expect(whole.length).toBeGreaterThanOrEqual(23);
      const pages: unknown[][] = [];
      let continuationToken: string | undefined;
      do {
        const page = await many.items.query(query, { maxItemCount: 5, continuationToken }).fetchNext();
        pages.push(page.resources);
        continuationToken = page.continuationToken;
      } while (continuationToken);
      expect(pages.flat()).toEqual(whole);
      expect(pages.slice(0, -1).every((page) => page.length === 5)).toBe(true);
    }
  });

  it('neither repeats nor skips documents of a running query while others are written', async () => {
    const container = rig.container('many');
    const iterator = container.items.query<string>('SELECT VALUE c.id FROM c WHERE c.p = 9', { maxItemCount: 2 });
    for (const id of ['a', 'b', 'c', 'd']) await container.items.create({ id, p: 9 });
    const first = (await iterator.fetchNext()).resources;
    await container.item('a', 9).delete();
    await container.item('c', 9).patch([{ op: 'set', path: '/changed', value: true }]);
    const second = (await iterator.fetchNext()).resources;
    expect([first, second]).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('reads 100 items a page by default, and at most 4 MB', async () => {
    const container = rig.container('many');
    const bulk = Array.from({ length: 101 }, (_, index) => ({
      operationType: 'Create' as const,
      resourceBody: { id: `d${index}`, p: 'default' },
    }));
    await container.items.batch(bulk.slice(0, 100), 'default');
    await container.items.batch(bulk.slice(100), 'default');
    const byPartition = { partitionKey: 'default' };
    expect((await container.items.query('SELECT * FROM c', byPartition).fetchNext()).resources).toHaveLength(100);
    const text = 'x'.repeat(1024 * 1024);
    for (let index = 0; index < 6; index++) await container.items.create({ id: `l${index}`, p: 'large', text });
    const large = await container.items
      .query('SELECT * FROM c', { partitionKey: 'large', maxItemCount: -1 })
      .fetchNext();
    expect(large.resources).toHaveLength(3);
    expect(large.hasMoreResults).toBe(true);
    expect((await container.items.readAll(byPartition).fetchAll()).resources).toHaveLength(101);
  });
});
