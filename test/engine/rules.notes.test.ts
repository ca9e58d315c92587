/**
 * The rules of the ledger's notes: who may send, whose answer counts, and who waits until nothing can land any more. One test a rule of the
 * model (`test/engine-model/model/rules.mjs`), by its shortest counterexample; the title is the rule.
 */

import { cancelOperation } from '../../shared/application/decide.js';
import { NOTE_SECONDS } from '../../shared/application/steps/bounds.js';
import { aheadUntilMs } from '../../shared/model/ledger.js';
import { isAtRest } from '../../shared/model/operation.js';
import { type Hai, SUBSCRIPTION_ID } from './support/hai.js';
import { flush, of, type Run } from './support/points.js';
import { idOf, proven, stage, sub, thing, toy, toyWith } from './support/toy.js';

jest.mock('../../shared/plan/team-access.js', () => require('./support/plans.js').plans);
jest.mock('../../shared/plan/kaito-model.js', () => require('./support/plans.js').plans);

const account = (size: string) => [stage([thing('account', size)])];
const policy = (size: string) => [stage([thing('policy', size)])];
/** Well before a note's time is over. */
const SOON_SECONDS = NOTE_SECONDS - 70;

const by = (run: Run | undefined, label: string) => (point: { run?: Run; labels: string[] }) =>
  point.run === run && point.labels.includes(label);

/** Nothing that may still land is forgotten: the operation has not got there soon. */
async function expectNotYet(hai: Hai, isThere: () => boolean): Promise<void> {
  expect(await hai.driver.until(isThere, SOON_SECONDS)).toBe(false);
}

describe('the fence', () => {
  it('is a write: the run adds its own note before it sends', async () => {
    const hai = toy({ A: account('s') });
    const held = hai.points.hold(of(1, 'create account'));
    const id = await hai.request('A');
    await hai.until(() => held.isReached);
    const entry = hai.entry('account', idOf('account'))!;
    expect(entry).toMatchObject({ state: 'writing', asked: { id: idOf('account') }, operationId: id });
    expect(aheadUntilMs([entry], hai.driver.time.nowMs)).toBe(Date.parse(Object.values(entry.notes)[0]!));
    await hai.takeOver(id);
    await expectNotYet(hai, () =>
      hai.points.log.some(({ labels, run }) => labels[0] === 'create account' && run?.call.attempt === 2),
    );
    held.release();
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded', attempt: 2 });
    expect(hai.wrongs()).toEqual([]);
  });

  it('fails when the ledger has another holder (operation, attempt, direction)', async () => {
    const hai = toy({ A: account('s') });
    const first = hai.points.orphan('read entry account');
    hai.points.refuse('create account');
    const id = await hai.request('A');
    await hai.until(() => hai.operation(id).direction === 'back');
    first.release();
    expect(await hai.finish(id)).toMatchObject({ phase: 'failed' });
    expect(hai.world.effects).toEqual([]);
    expect(hai.wrongs()).toEqual([]);

    const over = toy({ A: account('s') });
    const former = over.points.hold(of(1, 'read entry account'));
    const next = over.points.hold(of(2, 'create account'));
    const taken = await over.request('A');
    await over.until(() => former.isReached);
    await over.takeOver(taken);
    await over.until(() => next.isReached);
    former.release();
    await over.driver.until(() => false, SOON_SECONDS);
    expect(
      over.points.log.filter(({ run, labels }) => run?.call.attempt === 1 && labels[0] === 'create account'),
    ).toEqual([]);
    next.release();
    expect(await over.finish(taken)).toMatchObject({ phase: 'succeeded' });
    expect(over.wrongs()).toEqual([]);
  });

  it("fails when the entry already has this step's answer (held with its spec; for a removal: no entry)", async () => {
    // The first run has read the entry, and looks at the thing, when the second does the step.
    const hai = toy({ A: account('s') });
    const first = hai.points.orphan('read survey');
    const id = await hai.request('A');
    await hai.until(() => first.isReached);
    hai.points.after('answer account', async () => {
      first.release();
      await flush();
    });
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded' });
    expect(hai.world.effects).toHaveLength(1);
    expect(hai.wrongs()).toEqual([]);

    const removing = await hai.request('nothing');
    const late = hai.points.orphan(
      ({ labels, run }) => labels[0] === 'read account' && run?.activity === 'remove',
      'after',
    );
    await hai.until(() => late.isReached);
    hai.points.after('strike account', async () => {
      late.release();
      await flush();
    });
    expect(await hai.finish(removing)).toMatchObject({ phase: 'succeeded' });
    expect(hai.entries()).toEqual([]);
    expect(hai.wrongs()).toEqual([]);
  });
});

describe('the answer', () => {
  it("clears its own run's note, no other's", async () => {
    const hai = toy({ A: account('s') });
    const onItsWay = hai.points.late('create account');
    hai.points.refuse('create account');
    const id = await hai.request('A');
    await hai.until(() => hai.operation(id).stop === 'failed');
    await expectNotYet(hai, () => hai.operation(id).direction === 'back');
    onItsWay.land();
    expect(await hai.finish(id)).toMatchObject({ phase: 'failed' });
    expect(hai.world.all()).toEqual([]);
    expect(hai.wrongs()).toEqual([]);
  });

  it('strikes an entry, which keeps the notes of other runs', async () => {
    const hai = await toyWith('A', { A: account('s') });
    const onItsWay = hai.points.late('remove account');
    const removing = await hai.request('nothing');
    const next = await hai.request('A');
    await hai.driver.until(() => isAtRest(hai.operation(next).phase), SOON_SECONDS);
    expect(hai.entry('account', idOf('account'))).toMatchObject({ state: 'struck' });
    expect(hai.operation(removing).phase).toBe('running');
    onItsWay.land();
    expect(await hai.finish(next)).toMatchObject({ phase: 'succeeded' });
    expect(hai.wrongs()).toEqual([]);
  });

  it.each(['policy', 'cluster'] as const)('fails when the ledger has another holder (%s)', async (kind) => {
    const plans = { A: [stage([thing(kind, 'a')])], B: [stage([thing(kind, 'b')])] };
    const hai = await toyWith('A', plans);
    // The first run's call has landed; its answer comes when it has turned.
    const first = hai.points.orphan(`answer ${kind}`);
    const id = await hai.request('B');
    await hai.until(() => first.isReached);
    hai.points.refuse(`change ${kind}`);
    const restoring = hai.points.hold(
      ({ labels, run }) => labels[0] === `note ${kind}` && run?.call.direction === 'back',
    );
    await hai.until(() => restoring.isReached);
    first.release();
    await flush();
    expect(hai.entry(kind, idOf(kind))).toMatchObject({ state: 'writing', spec: { size: 'a' } });
    restoring.release();
    expect(await hai.finish(id)).toMatchObject({ phase: 'failed' });
    expect(hai.wrongs()).toEqual([]);
  });
});

describe('the entry', () => {
  it('that is `writing` counts as another spec', async () => {
    const hai = await toyWith('A', { A: policy('a'), B: policy('b') });
    hai.points.unanswered('change policy');
    hai.points.refuse('change policy');
    expect(await hai.finish(await hai.request('B'))).toMatchObject({ phase: 'failed' });
    expect(hai.world.peek('policy', idOf('policy'))).toMatchObject({ body: { size: 'a' } });
    expect(hai.wrongs()).toEqual([]);
  });

  it('makes a step done only by an answered write, or held, never by a read', async () => {
    const hai = await toyWith('A', { A: policy('a'), B: [...policy('b'), stage([thing('account')])] });
    const id = await hai.request('B');
    const held = hai.points.hold('create account');
    await hai.until(() => held.isReached);
    await cancelOperation(id, hai.services);
    // The way back reads a replica that has not heard of the change.
    const former = hai.world.former('policy', idOf('policy'))!;
    hai.points.answer('read policy', () => former);
    held.release();
    expect(await hai.finish(id)).toMatchObject({ phase: 'canceled' });
    expect(hai.world.peek('policy', idOf('policy'))).toMatchObject({ body: { size: 'a' } });
    expect(hai.wrongs()).toEqual([]);
  });

  it('is noted, but marked by nothing, by closing and opening: it stays held', async () => {
    const hai = await toyWith('A', { A: [stage([sub]), ...policy('a')] });
    const first = hai.points.orphan('change subscription', 'after');
    const id = await hai.removal();
    await hai.until(() => first.isReached);
    const entry = () => hai.entry('subscription', SUBSCRIPTION_ID);
    expect(entry()).toMatchObject({ state: 'held' });
    expect(Object.keys(entry()!.notes)).toHaveLength(1);
    // The first run answers when the removal of the subscription is on its way: it must not make it held again.
    const removing = hai.points.hold('remove subscription');
    await hai.until(() => removing.isReached);
    first.release();
    await flush();
    expect(entry()).toMatchObject({ state: 'writing' });
    removing.release();
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded' });
    expect(hai.entries()).toEqual([]);
    expect(hai.wrongs()).toEqual([]);
  });
});

describe('the holder', () => {
  it('is emptied by the end', async () => {
    const hai = await toyWith('A', { A: [stage([sub]), ...policy('a')] });
    const id = await hai.removal();
    hai.points.refuse('change subscription');
    // On the way back the access is opened again, by two runs.
    const first = hai.points.orphan(
      ({ labels, run }) => labels[0] === 'read entry subscription' && run?.call.direction === 'back',
    );
    expect(await hai.finish(id)).toMatchObject({ phase: 'failed' });
    const effects = hai.world.effects.length;
    first.release();
    await flush();
    expect(hai.world.effects).toHaveLength(effects);
    expect(hai.head()).toMatchObject({ holder: '' });
    expect(hai.wrongs()).toEqual([]);
  });

  it('is emptied by parking', async () => {
    const hai = await toyWith('A', { A: policy('a') });
    const first = hai.points.orphan('read entry policy');
    hai.points.refuse('remove policy', 400, 2);
    const id = await hai.request('nothing');
    expect(await hai.finish(id)).toMatchObject({ phase: 'stuck' });
    const effects = hai.world.effects.length;
    first.release();
    await flush();
    expect(hai.world.effects).toHaveLength(effects);
    expect(hai.entry('policy', idOf('policy'))!.notes).toEqual({});
    expect(hai.head()).toMatchObject({ holder: '' });
  });
});

describe('who waits until no `until` lies ahead', () => {
  it('goes back', async () => {
    const hai = toy({ A: account('s') });
    const onItsWay = hai.points.late('create account');
    const id = await hai.request('A');
    await hai.until(() => onItsWay.isReached);
    await cancelOperation(id, hai.services);
    await expectNotYet(hai, () => hai.operation(id).direction === 'back');
    onItsWay.land();
    expect(await hai.finish(id)).toMatchObject({ phase: 'canceled' });
    expect(hai.world.all()).toEqual([]);
    expect(hai.wrongs()).toEqual([]);
  });

  it('ends', async () => {
    const hai = toy({ A: account('s') });
    const first = hai.points.orphan('create account');
    const id = await hai.request('A');
    await hai.until(() => hai.entry('account', idOf('account'))?.state === 'held');
    await expectNotYet(hai, () => hai.operation(id).phase === 'succeeded');
    first.release();
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded' });
    expect(hai.wrongs()).toEqual([]);
  });

  it.each(['held', 'stuck'])('parks (%s)', async (phase) => {
    const hai = await toyWith('A', { A: account('a'), B: account('b') });
    const call = phase === 'held' ? 'change account' : 'remove account';
    const onItsWay = hai.points.late(call);
    hai.points.refuse(call, 400, phase === 'held' ? 1 : 2);
    const id = await hai.request(phase === 'held' ? 'B' : 'nothing', { failurePolicy: 'hold' });
    await hai.until(() => hai.operation(id).error !== undefined);
    await expectNotYet(hai, () => isAtRest(hai.operation(id).phase));
    onItsWay.land();
    expect(await hai.finish(id)).toMatchObject({ phase });
    expect(hai.world.wrongs).toEqual([]);
  });

  it('takes over (before its survey)', async () => {
    const hai = toy({ A: account('s') });
    const onItsWay = hai.points.late('create account');
    const id = await hai.request('A');
    await hai.until(() => onItsWay.isReached);
    hai.driver.kill(`${id}-1`);
    await hai.takeOver(id);
    await expectNotYet(hai, () => hai.operation(id).surveyed === 2);
    onItsWay.land();
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded', attempt: 2 });
    expect(hai.wrongs()).toEqual([]);
  });

  it('creates what has a second write, where creation has no condition (no other note of the entry)', async () => {
    const hai = toy({ A: [stage([sub]), ...policy('a'), stage([proven])] });
    const first = hai.points.orphan('create subscription');
    const id = await hai.request('A');
    await hai.until(() => first.isReached);
    // The first run dies after its creation, which suspends whatever is there.
    hai.points.hold(by(first.point?.run, 'create subscription'), 'after');
    await expectNotYet(hai, () => hai.world.effects.length > 0);
    first.release();
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded' });
    expect(hai.isOpen()).toBe(true);
    expect(hai.wrongs()).toEqual([]);
  });
});
