import type { OperationInput } from '@azure/cosmos';
import { type Rig, startRig, statusOf } from './cosmos-setup.js';

describe('a transactional batch in Cosmos DB', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await startRig();
    await rig.container().items.create({ id: 'team', team: 'alpha', generation: 1 });
  });
  afterEach(async () => {
    await rig.close();
  });

  const batch = async (...operations: OperationInput[]) => {
    const { code, result } = await rig.container().items.batch(operations, 'alpha');
    return { code, statuses: result!.map((each) => each.statusCode), result: result! };
  };
  const ids = async () => (await rig.container().items.query<string>('SELECT VALUE c.id FROM c').fetchAll()).resources;
  const create = (id: string): OperationInput => ({ operationType: 'Create', resourceBody: { id, team: 'alpha' } });

  it('runs every kind of operation, in order, each seeing the ones before it', async () => {
    const { etag } = await rig.container().item('team', 'alpha').read();
    const { code, statuses, result } = await batch(
      create('a'),
      { operationType: 'Upsert', resourceBody: { id: 'b', team: 'alpha' } },
      { operationType: 'Upsert', resourceBody: { id: 'b', team: 'alpha', again: true } },
      {
        operationType: 'Patch',
        id: 'team',
        resourceBody: [{ op: 'incr', path: '/generation', value: 1 }],
        ifMatch: etag,
      },
      { operationType: 'Read', id: 'team' },
      { operationType: 'Replace', id: 'a', resourceBody: { id: 'a', team: 'alpha', n: 1 } },
      { operationType: 'Delete', id: 'b' },
    );
    expect([code, statuses]).toEqual([200, [201, 201, 200, 200, 200, 200, 204]]);
    expect(result[4]!.resourceBody).toMatchObject({ id: 'team', generation: 2 });
    expect(result[4]!.eTag).toBe(result[3]!.eTag);
    expect(await ids()).toEqual(['team', 'a']);
  });

  it('stores nothing when one operation fails: its status, and 424 for all others', async () => {
    const { code, statuses } = await batch(create('a'), create('team'), create('b'));
    expect([code, statuses]).toEqual([207, [424, 409, 424]]);
    expect(await ids()).toEqual(['team']);
  });

  it('fails as a whole when an ETag or the condition of a patch does not hold', async () => {
    const operations = [{ op: 'incr', path: '/generation', value: 1 }] as const;
    const stale = await batch(create('a'), {
      operationType: 'Patch',
      id: 'team',
      resourceBody: [...operations],
      ifMatch: '"stale"',
    });
    expect([stale.code, stale.statuses]).toEqual([207, [424, 412]]);
    const unmet = await batch(create('a'), {
      operationType: 'Patch',
      id: 'team',
      resourceBody: { operations: [...operations], condition: 'from c where c.generation = 2' },
    });
    expect([unmet.code, unmet.statuses]).toEqual([207, [424, 412]]);
    expect(await ids()).toEqual(['team']);
    const met = await batch(create('a'), {
      operationType: 'Patch',
      id: 'team',
      resourceBody: { operations: [...operations], condition: 'from c where c.generation = 1' },
    });
    expect([met.code, met.statuses]).toEqual([200, [201, 200]]);
  });

  it('belongs to one partition', async () => {
    const { statuses } = await batch(create('a'), { operationType: 'Create', resourceBody: { id: 'b', team: 'beta' } });
    expect(statuses).toEqual([424, 400]);
    expect(await ids()).toEqual(['team']);
  });

  it('takes 100 operations and 2 MB', async () => {
    const hundred = Array.from({ length: 100 }, (_, index) => create(`i${index}`));
    expect((await batch(...hundred)).code).toBe(200);
    const text = 'x'.repeat(1100 * 1024);
    const large = (id: string): OperationInput => ({
      operationType: 'Create',
      resourceBody: { id, team: 'alpha', text },
    });
    expect(await statusOf(batch(large('large-1'), large('large-2')))).toBe(413);
    expect(await ids()).toHaveLength(101);
  });

  it('leaves bodies out on request', async () => {
    const { result } = await rig
      .container()
      .items.batch([create('a')], 'alpha', { contentResponseOnWriteEnabled: false });
    expect(result![0]).toMatchObject({ statusCode: 201, eTag: expect.any(String) });
    expect(result![0]).not.toHaveProperty('resourceBody');
  });

  it('is not what bulk is: there each operation stands alone, in any partition', async () => {
    const results = await rig.container().items.executeBulkOperations([
      { operationType: 'Create', partitionKey: 'alpha', resourceBody: { id: 'a', team: 'alpha' } },
      { operationType: 'Create', partitionKey: 'alpha', resourceBody: { id: 'team', team: 'alpha' } },
      { operationType: 'Create', partitionKey: 'beta', resourceBody: { id: 'b', team: 'beta' } },
      { operationType: 'Read', partitionKey: 'alpha', id: 'missing' },
    ]);
    expect(results.map((each) => each.response?.statusCode ?? each.error?.code)).toEqual([201, 409, 201, 404]);
    expect(await ids()).toEqual(['team', 'a', 'b']);
  });

  it('is not what the older bulk call is either', async () => {
    const results = await rig.container().items.bulk([
      { operationType: 'Create', partitionKey: 'alpha', resourceBody: { id: 'a', team: 'alpha' } },
      { operationType: 'Create', partitionKey: 'alpha', resourceBody: { id: 'team', team: 'alpha' } },
      { operationType: 'Upsert', partitionKey: 'beta', resourceBody: { id: 'b', team: 'beta' } },
    ]);
    expect(results.map(({ statusCode }) => statusCode)).toEqual([201, 409, 201]);
  });

  it('keeps nothing of a bulk operation that fails half-way', async () => {
    // Fits into the request, but not into an item once the system properties are added.
    const text = 'x'.repeat(2 * 1024 * 1024 - 200);
    const [failed] = await rig
      .container()
      .items.executeBulkOperations([
        { operationType: 'Create', partitionKey: 'alpha', resourceBody: { id: 'a', team: 'alpha', text } },
      ]);
    expect(failed!.error?.code).toBe(413);
    expect(await ids()).toEqual(['team']);
  });
});
