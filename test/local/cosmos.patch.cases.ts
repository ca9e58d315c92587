import type { PatchOperation } from '@azure/cosmos';
import { type Rig, startRig, statusOf } from './cosmos-setup.js';

/** The service moves; the SDK's types leave it out. */
const move = (from: string, path: string) => ({ op: 'move', from, path }) as unknown as PatchOperation;

describe('a patch in Cosmos DB', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await startRig();
    await rig.container().items.create({
      id: 'a',
      team: 'alpha',
      state: 'open',
      count: 1,
      tags: ['x', 'y', 'z'],
      address: { city: 'Bern', zip: '3000' },
      'a/b': { '~': 1 },
    });
  });
  afterEach(async () => {
    await rig.close();
  });

  const item = () => rig.container().item('a', 'alpha');
  const patched = async (...operations: PatchOperation[]) => (await item().patch(operations)).resource!;

  it('adds properties, inserts into arrays and appends to them', async () => {
    const result = await patched(
      { op: 'add', path: '/new', value: { deep: [1] } },
      { op: 'add', path: '/state', value: 'closed' },
      { op: 'add', path: '/tags/1', value: 'between' },
      { op: 'add', path: '/tags/-', value: 'last' },
      { op: 'add', path: '/tags/5', value: 'after' },
      { op: 'add', path: '/a~1b/~0', value: 2 },
    );
    expect(result).toMatchObject({
      new: { deep: [1] },
      state: 'closed',
      tags: ['x', 'between', 'y', 'z', 'last', 'after'],
      'a/b': { '~': 2 },
    });
  });

  it('sets, replaces, removes, increments and moves', async () => {
    const result = await patched(
      { op: 'set', path: '/tags/1', value: 'Y' },
      { op: 'set', path: '/fresh', value: null },
      { op: 'replace', path: '/address/city', value: 'Basel' },
      { op: 'remove', path: '/address/zip' },
      { op: 'remove', path: '/tags/0' },
      { op: 'incr', path: '/count', value: -3 },
      { op: 'incr', path: '/other', value: 2.5 },
      move('/state', '/address/state'),
    );
    expect(result).toMatchObject({
      tags: ['Y', 'z'],
      fresh: null,
      address: { city: 'Basel', state: 'open' },
      count: -2,
      other: 2.5,
    });
    expect(result['address']).not.toHaveProperty('zip');
    expect(result).not.toHaveProperty('state');
    expect((await item().read()).resource).toEqual(result);
  });

  it.each<PatchOperation>([
    { op: 'replace', path: '/missing', value: 1 },
    { op: 'remove', path: '/missing' },
    { op: 'add', path: '/missing/child', value: 1 },
    { op: 'add', path: '/tags/7', value: 1 },
    { op: 'set', path: '/tags/3', value: 1 },
    { op: 'incr', path: '/state', value: 1 },
    move('/missing', '/x'),
    move('/address', '/address/inner'),
    { op: 'set', path: '/id', value: 'b' },
    { op: 'set', path: '/team', value: 'beta' },
    { op: 'remove', path: '/_ts' },
  ])('refuses $op of $path with 400 and changes nothing, not even what came before it', async (operation) => {
    const before = (await item().read()).resource;
    expect(await statusOf(item().patch([{ op: 'set', path: '/count', value: 99 }, operation]))).toBe(400);
    expect((await item().read()).resource).toEqual(before);
  });

  it('refuses more than ten operations', async () => {
    const operations = Array.from({ length: 11 }, (): PatchOperation => ({ op: 'incr', path: '/count', value: 1 }));
    expect(await statusOf(item().patch(operations))).toBe(400);
    expect((await item().patch(operations.slice(1))).resource!['count']).toBe(11);
  });

  it('applies only if its condition holds', async () => {
    const operations: PatchOperation[] = [{ op: 'set', path: '/state', value: 'closed' }];
    const condition = "from c where c.state = 'open' and ARRAY_CONTAINS(c.tags, 'x')";
    expect((await item().patch({ condition, operations })).resource!['state']).toBe('closed');
    expect(await statusOf(item().patch({ condition, operations }))).toBe(412);
    expect(await statusOf(item().patch({ condition: 'where', operations }))).toBe(400);
  });

  it('applies only with the current ETag, and needs the item', async () => {
    const operations: PatchOperation[] = [{ op: 'incr', path: '/count', value: 1 }];
    const { etag } = await item().read();
    const accessCondition = { type: 'IfMatch', condition: etag };
    expect((await item().patch(operations, { accessCondition })).statusCode).toBe(200);
    expect(await statusOf(item().patch(operations, { accessCondition }))).toBe(412);
    expect(await statusOf(rig.container().item('b', 'alpha').patch(operations))).toBe(404);
  });
});
