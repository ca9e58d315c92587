import type { FeedOptions, JSONValue, SqlParameter } from '@azure/cosmos';
import { type Rig, startRig, statusOf, TEAMS } from './cosmos-setup.js';

/** Operations of two teams, as a control plane would store them. */
const OPERATIONS = [
  {
    id: 'o1',
    team: 'alpha',
    kind: 'op',
    state: 'ready',
    n: 1,
    ms: 10.5,
    tags: ['a', 'b'],
    steps: [
      { name: 'apim', done: true },
      { name: 'dns', done: false },
    ],
  },
  {
    id: 'o2',
    team: 'alpha',
    kind: 'op',
    state: 'failed',
    n: 2,
    ms: -2.4,
    tags: ['b'],
    steps: [{ name: 'apim', done: false }],
    error: { code: 409, at: 'dns' },
  },
  { id: 'o3', team: 'alpha', kind: 'op', state: 'ready', n: 3, ms: 0, tags: [], steps: [] },
  { id: 'o4', team: 'beta', kind: 'op', state: 'running', n: 4, ms: 7, tags: ['a'], error: null },
  { id: 'o5', team: 'beta', kind: 'op', state: 'ready', n: 5, title: '50%_done' },
  { id: 'beta', team: 'beta', kind: 'team', name: 'Team BETA', n: 'five' },
];

describe('a query in Cosmos DB', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig([TEAMS]);
    for (const operation of OPERATIONS) await rig.container().items.create(operation);
  });
  afterAll(async () => {
    await rig.close();
  });

  const run = async (query: string, values: Record<string, JSONValue> = {}, options: FeedOptions = {}) => {
    const parameters: SqlParameter[] = Object.entries(values).map(([name, value]) => ({ name: `@${name}`, value }));
    return (await rig.container().items.query<unknown>({ query, parameters }, options).fetchAll()).resources;
  };
  /** Ids of the documents that meet a condition. */
  const where = (condition: string, values?: Record<string, JSONValue>) =>
    run(`SELECT VALUE c.id FROM c WHERE ${condition}`, values);
  const value = async (expression: string) => (await run(`SELECT VALUE [${expression}]`))[0];

  it('sees one partition when it names one, all partitions otherwise', async () => {
    expect(await run('SELECT VALUE c.id FROM c', {}, { partitionKey: 'alpha' })).toEqual(['o1', 'o2', 'o3']);
    expect(await run('SELECT VALUE COUNT(1) FROM c', {}, { partitionKey: 'alpha' })).toEqual([3]);
    expect(await run('SELECT VALUE COUNT(1) FROM c')).toEqual([6]);
    expect(await where("c.team = 'beta' AND c.id IN ('o1', 'o4')")).toEqual(['o4']);
  });

  it('gives the same through the query plan of the SDK', async () => {
    const options = { forceQueryPlan: true };
    expect(await run('SELECT VALUE c.id FROM c ORDER BY c.n DESC OFFSET 1 LIMIT 2', {}, options)).toEqual(['o5', 'o4']);
    expect(await run('SELECT VALUE COUNT(1) FROM c', {}, options)).toEqual([6]);
  });

  it('selects documents, values, aliased and unnamed parts', async () => {
    const [document] = await run("SELECT * FROM anything WHERE anything.id = 'o4'");
    expect(document).toMatchObject(OPERATIONS[3]!);
    expect(await run("SELECT c.id, c.error.code AS code, c.n + 1, c['state'] status FROM c WHERE c.n = 2")).toEqual([
      { id: 'o2', code: 409, $1: 3, status: 'failed' },
    ]);
    expect(await run("SELECT c.missing, c.steps[0].name FROM c WHERE c.id = 'o1'")).toEqual([{ name: 'apim' }]);
    expect(await run('SELECT VALUE c.error.code FROM c')).toEqual([409]);
    expect(
      await run("SELECT VALUE { 'who': c.id, list: [c.n, c.missing, @p] } FROM c WHERE c.id = 'o1'", { p: null }),
    ).toEqual([{ who: 'o1', list: [1, null] }]);
  });

  it('takes parameters of every type, and refuses one without a value', async () => {
    expect(await where('c.n = @n', { n: 4 })).toEqual(['o4']);
    expect(await where('c.tags = @tags', { tags: ['a', 'b'] })).toEqual(['o1']);
    expect(await where('c.error = @error', { error: { at: 'dns', code: 409 } })).toEqual(['o2']);
    expect(await where('ARRAY_CONTAINS(@ids, c.id)', { ids: ['o3', 'o5'] })).toEqual(['o3', 'o5']);
    expect(await statusOf(where('c.n = @nothing'))).toBe(400);
  });

  it('compares, with undefined never true', async () => {
    expect(await where("c.state = 'ready' AND c.n > 1")).toEqual(['o3', 'o5']);
    expect(await where("c.state != 'ready'")).toEqual(['o2', 'o4']);
    expect(await where("NOT (c.state = 'ready')")).toEqual(['o2', 'o4']);
    expect(await where('c.n >= 4 OR c.ms < 0')).toEqual(['o2', 'o4', 'o5']);
    expect(await where('c.n BETWEEN 2 AND 3 AND c.ms <= 0')).toEqual(['o2', 'o3']);
    expect(await where('c.n NOT BETWEEN 2 AND 4')).toEqual(['o1', 'o5']);
    expect(await where("c.state IN ('failed', 'running')")).toEqual(['o2', 'o4']);
    expect(await where("c.state NOT IN ('failed', 'running')")).toEqual(['o1', 'o3', 'o5']);
    expect(await where('c.error = null')).toEqual(['o4']);
    expect(await where('c.error != null')).toEqual(['o2']);
  });

  it('knows what is defined and of which type', async () => {
    expect(await where('IS_DEFINED(c.error)')).toEqual(['o2', 'o4']);
    expect(await where('NOT IS_DEFINED(c.tags)')).toEqual(['o5', 'beta']);
    expect(await where('IS_NULL(c.error)')).toEqual(['o4']);
    expect(await where('IS_STRING(c.n)')).toEqual(['beta']);
    expect(
      await value(
        "IS_NUMBER(1), IS_BOOL(false), IS_ARRAY([]), IS_OBJECT({}), IS_OBJECT([]), IS_PRIMITIVE('x'), IS_INTEGER(1.5)",
      ),
    ).toEqual([true, true, true, true, false, true, false]);
  });

  it('searches strings', async () => {
    expect(await where("STARTSWITH(c.state, 'r') AND ENDSWITH(c.state, 'y')")).toEqual(['o1', 'o3', 'o5']);
    expect(await where("CONTAINS(c.name, 'beta', true)")).toEqual(['beta']);
    expect(await where("CONTAINS(c.name, 'beta')")).toEqual([]);
    expect(await where("StringEquals(c.state, 'READY', true) AND c.n < 2")).toEqual(['o1']);
    expect(await where("c.state LIKE 'r%ng'")).toEqual(['o4']);
    expect(await where("c.state LIKE '_ail%'")).toEqual(['o2']);
    expect(await where("c.state NOT LIKE 'r%'")).toEqual(['o2']);
    expect(await where("c.title LIKE '50!%!_%' ESCAPE '!'")).toEqual(['o5']);
    expect(await where("c.id LIKE 'o[1-2]' OR c.id LIKE 'o[^1-4]'")).toEqual(['o1', 'o2', 'o5']);
  });

  it('computes with strings and numbers', async () => {
    expect(
      await value(
        "LOWER('Ab'), UPPER('Ab'), LENGTH('abc'), CONCAT('a', 'b', 'c'), 'a' || 'b', SUBSTRING('abcd', 1, 2)",
      ),
    ).toEqual(['ab', 'AB', 3, 'abc', 'ab', 'bc']);
    expect(
      await value(
        `REPLACE('aXbX', 'X', '$&'), TRIM(' a '), LEFT('abc', 2), RIGHT('abc', 2), INDEX_OF('abc', 'c'),
          REVERSE('abc')`,
      ),
    ).toEqual(['a$&b$&', 'a', 'ab', 'bc', 2, 'cba']);
    expect(
      await value('ABS(-2), FLOOR(1.7), CEILING(1.2), ROUND(2.5), ROUND(-2.5), POWER(2, 3), -1 + 2 * 3 % 4, 7 / 2'),
    ).toEqual([2, 1, 2, 3, -3, 8, 1, 3.5]);
    expect(await value("1 / 0, 'a' + 1, ABS('x'), LOWER(1), null")).toEqual([null]);
    expect(
      await value("ToString(1.5), ToString([1]), StringToNumber('1e3'), StringToArray('[1]'), StringToNumber('x')"),
    ).toEqual(['1.5', '[1]', 1000, [1]]);
  });

  it('chooses with ternary, coalesce and IIF', async () => {
    expect(await run("SELECT VALUE c.n > 2 ? 'late' : 'early' FROM c WHERE c.kind = 'op'")).toEqual([
      'early',
      'early',
      'late',
      'late',
      'late',
    ]);
    expect(await run("SELECT VALUE c.error ?? 'none' FROM c WHERE c.n >= 3")).toEqual(['none', null, 'none']);
    expect(await value("IIF(true, 1, 2), IIF('x', 1, 2), undefined ?? null ?? 3")).toEqual([1, 2, null]);
  });

  it('looks into arrays', async () => {
    expect(await where("ARRAY_CONTAINS(c.tags, 'a')")).toEqual(['o1', 'o4']);
    expect(await where("ARRAY_CONTAINS(c.steps, { name: 'apim' }, true)")).toEqual(['o1', 'o2']);
    expect(await where("ARRAY_CONTAINS(c.steps, { name: 'apim' })")).toEqual([]);
    expect(await where('ARRAY_LENGTH(c.tags) = 0')).toEqual(['o3']);
    expect(await where("c.tags[1] = 'b'")).toEqual(['o1']);
    expect(
      await value(
        'ARRAY_CONCAT([1], [2, 3]), ARRAY_SLICE([1, 2, 3], 1), ARRAY_SLICE([1, 2, 3], -2, 1), SetUnion([1, 2], [2, 3])',
      ),
    ).toEqual([[1, 2, 3], [2, 3], [2], [1, 2, 3]]);
  });

  it('joins documents with their arrays, and filters by subqueries', async () => {
    expect(await run('SELECT c.id, s.name FROM c JOIN s IN c.steps WHERE s.done = false')).toEqual([
      { id: 'o1', name: 'dns' },
      { id: 'o2', name: 'apim' },
    ]);
    expect(await run('SELECT VALUE CONCAT(t, s.name) FROM c JOIN t IN c.tags JOIN s IN c.steps')).toEqual([
      'aapim',
      'adns',
      'bapim',
      'bdns',
      'bapim',
    ]);
    expect(await run('SELECT VALUE s.name FROM s IN c.steps WHERE s.done')).toEqual(['apim']);
    expect(await run('SELECT VALUE x FROM (SELECT VALUE COUNT(1) FROM c) AS x')).toEqual([6]);
    expect(await where("EXISTS(SELECT VALUE s FROM s IN c.steps WHERE s.name = 'dns')")).toEqual(['o1']);
    expect(await where("NOT EXISTS(SELECT VALUE t FROM t IN c.tags WHERE t = 'b') AND IS_DEFINED(c.tags)")).toEqual([
      'o3',
      'o4',
    ]);
    expect(
      await run('SELECT c.id, ARRAY(SELECT VALUE s.name FROM s IN c.steps WHERE s.done) AS done FROM c WHERE c.n = 1'),
    ).toEqual([{ id: 'o1', done: ['apim'] }]);
    expect(await run('SELECT VALUE (SELECT VALUE COUNT(1) FROM s IN c.steps) FROM c WHERE IS_ARRAY(c.steps)')).toEqual([
      2, 1, 0,
    ]);
    expect(await run('SELECT VALUE x.m FROM c JOIN (SELECT MAX(t) AS m FROM t IN c.tags) AS x WHERE c.n = 1')).toEqual([
      'b',
    ]);
  });

  it('orders by several keys across partitions, missing values first', async () => {
    expect(await run("SELECT VALUE c.id FROM c WHERE c.kind = 'op' ORDER BY c.state, c.n DESC")).toEqual([
      'o2',
      'o5',
      'o3',
      'o1',
      'o4',
    ]);
    expect(await run('SELECT VALUE c.id FROM c ORDER BY c.ms')).toEqual(['o5', 'beta', 'o2', 'o3', 'o4', 'o1']);
    expect(await run('SELECT VALUE c.n FROM c ORDER BY c.n ASC')).toEqual([1, 2, 3, 4, 5, 'five']);
    expect(await run('SELECT VALUE c.id FROM c ORDER BY c.error.code DESC')).toEqual([
      'o2',
      'o1',
      'o3',
      'o4',
      'o5',
      'beta',
    ]);
  });

  it('limits with TOP, OFFSET and LIMIT', async () => {
    expect(await run('SELECT TOP 2 VALUE c.id FROM c ORDER BY c.n')).toEqual(['o1', 'o2']);
    expect(await run('SELECT TOP @n VALUE c.id FROM c', { n: 1 })).toEqual(['o1']);
    expect(await run('SELECT VALUE c.id FROM c ORDER BY c.n OFFSET 1 LIMIT 2')).toEqual(['o2', 'o3']);
    expect(await run('SELECT VALUE c.id FROM c OFFSET @o LIMIT @l', { o: 4, l: 10 })).toEqual(['o5', 'beta']);
    expect(await run('SELECT VALUE c.id FROM c OFFSET 0 LIMIT 0')).toEqual([]);
  });

  it('tells world time', async () => {
    expect(await value('GetCurrentDateTime(), GetCurrentTimestamp()')).toEqual([
      '2026-01-05T09:00:00.0000000Z',
      rig.clock.now(),
    ]);
  });

  it.each([
    'SELECT',
    'SELECT * FROM c WHERE',
    'SELECT * FROM c WHERE c.value = 1',
    'SELECT * FROM c WHERE NOT c.n = 1',
    "SELECT * FROM c WHERE c.id = 'unfinished",
    'SELECT * FROM c WHERE other.id = 1',
    'SELECT * FROM c JOIN t IN c.tags',
    'SELECT c.id, c.id FROM c',
    'SELECT UNKNOWN_FUNCTION(c.id) FROM c',
    'SELECT LOWER(c.id, 1, 2) FROM c',
    'SELECT * FROM c WHERE COUNT(1) > 1',
    'SELECT * FROM c ORDER BY LOWER(c.id)',
    'SELECT COUNT(1) FROM c GROUP BY c.team ORDER BY c.team',
    'SELECT TOP -1 * FROM c',
    "SELECT * FROM c WHERE c.id LIKE '[z-a]'",
    `SELECT VALUE 1 FROM c ${'JOIN t IN c.tags '.repeat(11)}`,
    `SELECT VALUE ${'('.repeat(300)}1${')'.repeat(300)}`,
  ])('refuses %s with 400', async (query) => {
    expect(await statusOf(run(query))).toBe(400);
  });
});
