import { admit } from '../../local/host/durable/entity-locks.js';
import { releaseRequest, signalRequest } from '../../local/host/durable/entity-requests.js';
import type { EntityRequest, Message } from '../../local/host/store.js';
import { type DurableApp, startDurableApp } from './host-fixture.js';

let app: DurableApp;

beforeAll(async () => {
  app = await startDurableApp('entity-locks', () => require('./apps/entity-locks/app.js'));
});
afterAll(() => app.host.close());

const account = (key: string) =>
  new (require('durable-functions') as typeof import('durable-functions')).EntityId('account', key);
const deposit = async (key: string, amount: number) => {
  await app.client.signalEntity(account(key), 'add', amount);
  await app.clock.settle();
};
const balance = async (key: string) => (await app.client.readEntityState<number>(account(key))).entityState;

describe('entity locks', () => {
  it('keep orchestrations that lock the same entities apart, in whatever order they name them', async () => {
    await deposit('a', 100);
    await deposit('b', 100);
    const transfers = Array.from({ length: 12 }, (_, index) =>
      index % 2 === 0 ? { from: 'a', to: 'b', amount: 30 } : { from: 'b', to: 'a', amount: 10 },
    );
    const ids = await Promise.all(transfers.map((input) => app.client.startNew('transfer', { input })));
    await app.clock.settle();
    const outputs = await Promise.all(ids.map(async (id) => (await app.client.getStatus(id)).output as unknown));
    const moved: number[] = outputs.map((output, index) => (output === 'refused' ? 0 : index % 2 === 0 ? -30 : 10));
    expect(outputs.every((output) => output === 'refused' || JSON.stringify(output) === '["a","b"]')).toBe(true);
    expect(await balance('a')).toBe(100 + moved.reduce((sum, amount) => sum + amount, 0));
    expect(await balance('b')).toBe(200 - (await balance('a'))!);
    expect(await balance('a')).toBeGreaterThanOrEqual(0);
  });

  it.each(['throw', 'return', 'again'])(
    'are given back when the orchestration ends without releasing them: %s',
    async (how) => {
      await app.start('forgetful', how);
      const { output } = await app.run('transfer', { from: 'held', to: 'held too', amount: 0 });
      expect(output).toEqual(['held', 'held too']);
    },
  );

  it('make signals and other orchestrations wait, and terminating the holder lets them go on', async () => {
    const holder = await app.start('forgetful', 'wait');
    const before = (await balance('held')) ?? 0;
    await deposit('held', 5);
    const waiting = await app.start('transfer', { from: 'held', to: 'held too', amount: 0 });
    expect((await app.client.getStatus(waiting)).runtimeStatus).toBe('Running');
    expect((await balance('held')) ?? 0).toBe(before);
    await app.client.terminate(holder, 'stuck');
    await app.clock.settle();
    expect((await app.client.getStatus(waiting)).output).toEqual(['held', 'held too']);
    expect(await balance('held')).toBe(before + 5);
  });

  it('that nobody waits for any more are skipped', async () => {
    const holder = await app.start('forgetful', 'wait');
    const given = await app.start('forgetful', 'wait');
    await app.client.terminate(given, 'changed my mind');
    await app.client.terminate(holder, 'done');
    await app.clock.settle();
    expect((await app.run('transfer', { from: 'held', to: 'held too', amount: 0 })).output).toEqual([
      'held',
      'held too',
    ]);
  });
});

describe('the rule of a lock', () => {
  const owner = { instanceId: 'owner', executionId: '1' };
  const message = (id: number, request: Partial<EntityRequest>): Message => ({
    id,
    target: '@account@a',
    dueMs: 0,
    request: { ...signalRequest('get', undefined), signal: false, id: `${id}`, ...request },
  });
  const request = (id: number, lockId: string, caller = owner) =>
    message(id, { id: lockId, caller, lockSet: ['@account@a'], lockPosition: 0 });
  const idsOf = (messages: Message[]) => messages.map(({ id }) => id);

  it('runs what came before the lock, then only its owner, then those who waited, in their order', () => {
    const stranger = { instanceId: 'stranger', executionId: '1' };
    const first = admit(undefined, [
      message(1, { caller: stranger }),
      request(2, 'L'),
      message(3, { caller: stranger }),
      message(4, { caller: owner }),
      request(5, 'M', stranger),
    ]);
    expect([idsOf(first.operations), idsOf(first.waiting), first.lock]).toEqual([
      [1, 4],
      [3, 5],
      { ...owner, lockId: 'L' },
    ]);
    const release = message(6, releaseRequest('L'));
    const second = admit(first.lock, [...first.waiting, release, message(7, { caller: owner })]);
    expect([idsOf(second.operations), idsOf(second.waiting), second.lock?.lockId]).toEqual([[3], [7], 'M']);
    expect(idsOf(second.admitted)).toEqual([6, 3, 5]);
  });

  it('takes no notice of a release of another lock', () => {
    const lock = { ...owner, lockId: 'L' };
    expect(admit(lock, [message(1, releaseRequest('old'))]).lock).toBe(lock);
    expect(admit(undefined, [message(1, releaseRequest('old')), message(2, {})]).operations).toHaveLength(1);
  });
});
