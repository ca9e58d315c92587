import { type Rig, startRig, statusOf } from './cosmos-setup.js';

describe('ETags in Cosmos DB', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await startRig();
  });
  afterEach(async () => {
    await rig.close();
  });

  it('replaces only with the current ETag', async () => {
    const { etag: first } = await rig.container().items.create({ id: 'a', team: 'alpha', n: 1 });
    const item = rig.container().item('a', 'alpha');
    const ifMatch = (condition: string) => ({ accessCondition: { type: 'IfMatch', condition } });
    const second = await item.replace({ id: 'a', team: 'alpha', n: 2 }, ifMatch(first));
    expect(second.etag).not.toBe(first);
    expect(await statusOf(item.replace({ id: 'a', team: 'alpha', n: 3 }, ifMatch(first)))).toBe(412);
    expect(await statusOf(item.delete(ifMatch(first)))).toBe(412);
    expect((await item.read()).resource!['n']).toBe(2);
    expect((await item.replace({ id: 'a', team: 'alpha', n: 4 }, ifMatch('*'))).statusCode).toBe(200);
    expect((await item.delete()).statusCode).toBe(204);
    expect(await statusOf(item.replace({ id: 'a', team: 'alpha' }, ifMatch(second.etag)))).toBe(404);
  });

  it('never gives an ETag twice, even after a delete', async () => {
    const item = rig.container().item('a', 'alpha');
    const first = await rig.container().items.create({ id: 'a', team: 'alpha' });
    await item.delete();
    const second = await rig.container().items.create({ id: 'a', team: 'alpha' });
    expect(second.etag).not.toBe(first.etag);
  });

  it('answers 304 to a read with the current ETag or *', async () => {
    const { etag } = await rig.container().items.create({ id: 'a', team: 'alpha' });
    const item = rig.container().item('a', 'alpha');
    const ifNoneMatch = (condition: string) => ({ accessCondition: { type: 'IfNoneMatch', condition } });
    expect((await item.read(ifNoneMatch(etag))).statusCode).toBe(304);
    expect((await item.read(ifNoneMatch('*'))).statusCode).toBe(304);
    await item.replace({ id: 'a', team: 'alpha', n: 1 });
    expect((await item.read(ifNoneMatch(etag))).statusCode).toBe(200);
  });

  it('upserts with If-None-Match * only what is missing, and with If-Match creates what is missing', async () => {
    const onlyNew = { accessCondition: { type: 'IfNoneMatch', condition: '*' } };
    expect((await rig.container().items.upsert({ id: 'a', team: 'alpha' }, onlyNew)).statusCode).toBe(201);
    expect(await statusOf(rig.container().items.upsert({ id: 'a', team: 'alpha' }, onlyNew))).toBe(412);
    const ifMatch = { accessCondition: { type: 'IfMatch', condition: '"stale"' } };
    expect(await statusOf(rig.container().items.upsert({ id: 'a', team: 'alpha' }, ifMatch))).toBe(412);
    expect((await rig.container().items.upsert({ id: 'b', team: 'alpha' }, ifMatch)).statusCode).toBe(201);
  });
});
