import { type Rig, startRig } from './cosmos-setup.js';

/** Operations of two teams; some lack what is counted, or hold it in another type. */
const OPERATIONS = [
  { id: 'o1', team: 'alpha', state: 'ready', n: 1, ms: 10.5 },
  { id: 'o2', team: 'alpha', state: 'failed', n: 2, ms: -2.5 },
  { id: 'o3', team: 'alpha', state: 'ready', n: 3, ms: 0 },
  { id: 'o4', team: 'beta', state: 'running', n: 4, ms: 7 },
  { id: 'o5', team: 'beta', state: 'ready', n: 5 },
  { id: 'o6', team: 'beta', state: 'ready', n: 'six', ms: null },
];

describe('across partitions, Cosmos DB', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
    for (const operation of OPERATIONS) await rig.container().items.create(operation);
  });
  afterAll(async () => {
    await rig.close();
  });

  const run = async (query: string) => (await rig.container().items.query<unknown>(query).fetchAll()).resources;

  it('counts, sums and compares', async () => {
    expect(
      await run(
        `SELECT COUNT(1) AS all, COUNT(c.ms) AS ms, SUM(c.n) AS sum, AVG(c.n) AS avg, MIN(c.ms) AS min,
           MAX(c.state) AS max FROM c WHERE IS_NUMBER(c.n) -- the first five`,
      ),
    ).toEqual([{ all: 5, ms: 4, sum: 15, avg: 3, min: -2.5, max: 'running' }]);
    expect(await run("SELECT VALUE COUNT(1) FROM c WHERE c.team = 'beta'")).toEqual([3]);
    expect(await run('SELECT VALUE MAX(c.n) FROM c WHERE IS_NUMBER(c.n)')).toEqual([5]);
  });

  it('leaves undefined what cannot be added up, and counts nothing as 0', async () => {
    expect(await run('SELECT VALUE SUM(c.n) FROM c')).toEqual([]);
    expect(await run('SELECT VALUE AVG(c.n) FROM c WHERE false')).toEqual([]);
    expect(await run('SELECT VALUE COUNT(1) FROM c WHERE false')).toEqual([0]);
  });

  it('groups by one key or several, with aggregates of each group', async () => {
    expect(
      await run('SELECT c.team, COUNT(1) AS n, MIN(c.ms) AS min FROM c WHERE IS_NUMBER(c.ms) GROUP BY c.team'),
    ).toEqual([
      { team: 'alpha', n: 3, min: -2.5 },
      { team: 'beta', n: 1, min: 7 },
    ]);
    expect(await run('SELECT c.team, c.state, COUNT(1) AS n FROM c GROUP BY c.team, c.state')).toEqual([
      { team: 'alpha', state: 'ready', n: 2 },
      { team: 'alpha', state: 'failed', n: 1 },
      { team: 'beta', state: 'running', n: 1 },
      { team: 'beta', state: 'ready', n: 2 },
    ]);
    expect(await run('SELECT VALUE COUNT(1) FROM c GROUP BY UPPER(c.state)')).toEqual([4, 1, 1]);
  });

  it('pages groups as it pages documents', async () => {
    const query = 'SELECT c.state, COUNT(1) AS n FROM c GROUP BY c.state';
    const iterator = rig.container().items.query<unknown>(query, { maxItemCount: 2 });
    const pages = [];
    while (iterator.hasMoreResults()) pages.push((await iterator.fetchNext()).resources);
    expect(pages).toEqual([
      [
        { state: 'ready', n: 4 },
        { state: 'failed', n: 1 },
      ],
      [{ state: 'running', n: 1 }],
    ]);
  });

  it('removes duplicates of values and of whole rows, in order where it is asked for', async () => {
    expect(await run('SELECT DISTINCT VALUE c.state FROM c')).toEqual(['ready', 'failed', 'running']);
    expect(await run('SELECT DISTINCT VALUE c.state FROM c ORDER BY c.state DESC')).toEqual([
      'running',
      'ready',
      'failed',
    ]);
    expect(await run("SELECT DISTINCT c.team, c.state FROM c WHERE c.state != 'ready'")).toEqual([
      { team: 'alpha', state: 'failed' },
      { team: 'beta', state: 'running' },
    ]);
  });
});
