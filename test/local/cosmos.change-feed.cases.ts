import { type ChangeFeedIteratorOptions, ChangeFeedMode, ChangeFeedStartFrom, StatusCodes } from '@azure/cosmos';
import { type Rig, startRig } from './cosmos-setup.js';

describe('the change feed of Cosmos DB', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await startRig();
  });
  afterEach(async () => {
    await rig.close();
  });

  /** Reads pages until nothing is new. */
  async function drain(options: ChangeFeedIteratorOptions) {
    const pages: string[][] = [];
    let continuation = '';
    for await (const page of rig.container().items.getChangeFeedIterator(options).getAsyncIterator()) {
      continuation = page.continuationToken;
      if (page.statusCode === StatusCodes.NotModified) break;
      pages.push(page.result.map((each: { id: string }) => each.id));
    }
    return { pages, continuation };
  }

  it('gives the latest versions in order of change, in pages, and goes on where it stopped', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) await rig.container().items.create({ id, team: 'alpha' });
    await rig
      .container()
      .item('b', 'alpha')
      .patch([{ op: 'set', path: '/n', value: 1 }]);
    await rig.container().item('c', 'alpha').delete();
    const first = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Beginning(), maxItemCount: 3 });
    expect(first.pages).toEqual([['a', 'd', 'e'], ['b']]);
    await rig.container().items.create({ id: 'f', team: 'beta' });
    const second = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Continuation(first.continuation) });
    expect(second.pages).toEqual([['f']]);
  });

  it('starts now, or in one partition', async () => {
    await rig.container().items.create({ id: 'a', team: 'alpha' });
    await rig.container().items.create({ id: 'b', team: 'beta' });
    const now = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Now() });
    expect(now.pages).toEqual([]);
    const beta = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Beginning('beta') });
    expect(beta.pages).toEqual([['b']]);
  });

  it('starts at a time, also one that nothing has followed yet', async () => {
    const create = (id: string) => rig.container().items.create({ id, team: 'alpha' });
    await create('early');
    await rig.clock.advance(60_000);
    const since = new Date(rig.clock.now());
    await create('late');
    await rig.clock.advance(60_000);
    const late = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Time(since) });
    expect(late.pages).toEqual([['late']]);
    const none = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Time(new Date(rig.clock.now())) });
    expect(none.pages).toEqual([]);
    await create('later');
    const then = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Continuation(none.continuation) });
    expect(then.pages).toEqual([['later']]);
  });

  it('refuses to give deletes and earlier versions', async () => {
    const options = {
      changeFeedStartFrom: ChangeFeedStartFrom.Now(),
      changeFeedMode: ChangeFeedMode.AllVersionsAndDeletes,
    };
    await expect(drain(options)).rejects.toThrow("'Full-Fidelity Feed' is not supported");
  });
});
