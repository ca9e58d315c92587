import { type ChangeFeedIteratorOptions, ChangeFeedStartFrom, StatusCodes } from '@azure/cosmos';
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
});
