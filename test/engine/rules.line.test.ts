/**
 * The rules of a subject's line: who joins, retries, cancels, parks and ends. One test a rule of the model (`test/engine-model/model/rules.mjs`),
 * by its shortest counterexample; the title is the rule.
 */

import { cancelOperation, retryOperation } from '../../shared/application/decide.js';
import { isAtRest } from '../../shared/model/operation.js';
import type { TeamDocument } from '../../shared/model/team.js';
import { type Hai, SLUG } from './support/hai.js';
import { flush } from './support/points.js';
import { proven, stage, sub, thing, toy, toyWith } from './support/toy.js';

jest.mock('../../shared/plan/team-access.js', () => require('./support/plans.js').plans);
jest.mock('../../shared/plan/kaito-model.js', () => require('./support/plans.js').plans);

const ORIGIN = { door: 'http' as const, requestedBy: 'alpha-lead@contoso.com' };
const A = [stage([sub]), stage([thing('policy', 'A')]), stage([proven])];
/** Needs an account besides; C needs none again. */
const B = [stage([sub], [thing('account')]), stage([thing('policy', 'B')]), stage([proven])];
const C = [stage([sub]), stage([thing('policy', 'C')]), stage([proven])];

/** Asks for B, to be held when it fails, and lets its account be refused. */
async function failingB(hai: Hai): Promise<string> {
  hai.points.refuse('create account');
  return hai.request('B', { failurePolicy: 'hold' });
}

describe('the line', () => {
  it('nobody joins an operation that carries a stop', async () => {
    const hai = toy({ A });
    const first = await hai.request('A');
    const held = hai.points.hold('create subscription');
    await hai.until(() => held.isReached);
    expect(await hai.request('A')).toBe(first);
    await cancelOperation(first, hai.services);
    const second = await hai.request('A');
    expect(second).not.toBe(first);
    held.release();
    expect(await hai.finish(first)).toMatchObject({ phase: 'canceled' });
    expect(await hai.finish(second)).toMatchObject({ phase: 'succeeded' });
    expect(hai.wrongs()).toEqual([]);
  });

  it('retry of what has ended is a new operation; Held and Stuck get a next attempt', async () => {
    const hai = toy({ A });
    hai.points.refuse('create subscription');
    const failed = await hai.request('A');
    expect(await hai.finish(failed)).toMatchObject({ phase: 'failed' });
    const { id: again } = await retryOperation(failed, ORIGIN, hai.services);
    expect(again).not.toBe(failed);
    expect(await hai.finish(again)).toMatchObject({ phase: 'succeeded', retryOf: failed, attempt: 1 });
    expect(hai.operation(failed)).toMatchObject({ phase: 'failed', attempt: 1 });
    const ends = hai.events.filter(({ type }) => /failed|ready/.test(type)).map(({ data }) => data);
    expect(ends).toMatchObject([{ operationId: failed }, { operationId: again }]);
    expect(hai.wrongs()).toEqual([]);

    const parked = await toyWith('A', { A, B });
    const held = await failingB(parked);
    expect(await parked.finish(held)).toMatchObject({ phase: 'held' });
    expect(await retryOperation(held, ORIGIN, parked.services)).toMatchObject({ id: held, attempt: 2 });
    expect(await parked.finish(held)).toMatchObject({ phase: 'succeeded', attempt: 2 });
    expect(parked.wrongs()).toEqual([]);
  });

  it('a newer accepted one makes a retry 409, and is looked at again when the retry takes the lane', async () => {
    const hai = toy({ A, B, C });
    hai.points.refuse('create subscription');
    const held = hai.points.hold('note subscription');
    const first = await hai.request('A');
    await hai.until(() => held.isReached);
    const canceled = await hai.request('B');
    await cancelOperation(canceled, hai.services);
    const newer = await hai.request('C');
    await expect(retryOperation(canceled, ORIGIN, hai.services)).rejects.toMatchObject({
      problem: { code: 'not-possible-now' },
    });
    await cancelOperation(newer, hai.services);
    const { id: retry } = await retryOperation(canceled, ORIGIN, hai.services);
    expect(hai.operation(retry)).toMatchObject({ phase: 'queued' });
    // Something newer has been done meanwhile.
    const settled = { operationId: 'another', kind: 'provision-team-access' as const, generation: 9 };
    hai.store.put(SLUG, { ...hai.team(), settled } as TeamDocument);
    held.release();
    expect(await hai.finish(first)).toMatchObject({ phase: 'failed' });
    expect(await hai.finish(retry)).toMatchObject({ phase: 'canceled', error: { code: 'superseded' } });
    expect(hai.world.all()).toEqual([]);
  });

  it('a newer request or removal cancels a Held one: it walks back first', async () => {
    const hai = await toyWith('A', { A, B, C });
    const held = await failingB(hai);
    expect(await hai.finish(held)).toMatchObject({ phase: 'held' });
    const newer = await hai.request('C');
    expect(await hai.finish(held)).toMatchObject({ phase: 'canceled', direction: 'back', attempt: 2 });
    expect(await hai.finish(newer)).toMatchObject({ phase: 'succeeded' });
    expect(hai.wrongs()).toEqual([]);
  });

  it('who would park as Held walks back instead when a request or removal is already in the line', async () => {
    const hai = await toyWith('A', { A, B, C });
    let newer = '';
    hai.points.after('note account', async () => {
      newer = await hai.request('C');
    });
    expect(await hai.finish(await failingB(hai))).toMatchObject({ phase: 'failed', direction: 'back' });
    expect(await hai.finish(newer)).toMatchObject({ phase: 'succeeded' });
    expect(hai.wrongs()).toEqual([]);
  });

  it('only before the first survey a cancel ends it by itself (a take-over that has not surveyed yet is too late)', async () => {
    const early = toy({ A });
    const asleep = early.points.hold('list ledger-entry');
    const id = await early.request('A');
    await early.until(() => asleep.isReached);
    expect(await cancelOperation(id, early.services)).toMatchObject({ phase: 'canceled' });
    asleep.release();
    await early.until(() => early.driver.instances.get(`${id}-1`)!.state === 'ended');
    expect(early.world.effects).toEqual([]);

    const hai = toy({ A });
    const held = hai.points.hold('create subscription');
    const late = await hai.request('A');
    await hai.until(() => held.isReached);
    hai.delivers = false;
    await hai.takeOver(late);
    expect(await cancelOperation(late, hai.services)).toMatchObject({ phase: 'running', stop: 'cancel' });
    held.release();
    await hai.deliver();
    expect(await hai.finish(late)).toMatchObject({ phase: 'canceled', attempt: 2 });
    expect(hai.world.all()).toEqual([]);
    expect(hai.wrongs()).toEqual([]);
  });

  it('ending Succeeded is conditional on no stop', async () => {
    const hai = toy({ A });
    const id = await hai.request('A');
    hai.points.before('end', () => cancelOperation(id, hai.services));
    expect(await hai.finish(id)).toMatchObject({ phase: 'canceled' });
    expect(hai.world.all()).toEqual([]);
    expect(hai.wrongs()).toEqual([]);
  });

  it('parking writes the team too, so that a claim and a parking never miss each other', async () => {
    const hai = await toyWith('A', { A, B, C });
    const held = hai.points.hold('note account');
    const parking = await failingB(hai);
    await hai.until(() => held.isReached);
    const claiming = hai.points.hold('accept');
    const asked = hai.request('C');
    await hai.until(() => claiming.isReached);
    held.release();
    await hai.until(() => hai.operation(parking).phase === 'held');
    claiming.release();
    const newer = await asked;
    expect(await hai.finish(newer)).toMatchObject({ phase: 'succeeded' });
    expect(hai.operation(parking)).toMatchObject({ phase: 'canceled' });
    expect(hai.wrongs()).toEqual([]);
  });

  it('the pivot is written, on condition of no stop, before the first removal', async () => {
    const hai = await toyWith('B', { B, C });
    const id = await hai.request('C');
    hai.points.before('pivot', () => cancelOperation(id, hai.services));
    expect(await hai.finish(id)).toMatchObject({ phase: 'canceled' });
    expect(hai.points.names()).not.toContain('remove account');
    expect(hai.wrongs()).toEqual([]);

    const other = await hai.request('C');
    hai.points.before('remove account', () =>
      expect(cancelOperation(other, hai.services)).rejects.toMatchObject({ problem: { code: 'not-possible-now' } }),
    );
    expect(await hai.finish(other)).toMatchObject({ phase: 'succeeded', pivot: true });
    expect(hai.wrongs()).toEqual([]);
  });
});

describe('what a transaction has read still holds when it is written', () => {
  it('a cancel that saw no survey does not end what has surveyed meanwhile', async () => {
    const hai = toy({ A });
    const before = hai.points.hold('survey');
    const held = hai.points.hold('create subscription');
    const id = await hai.request('A');
    await hai.until(() => before.isReached);
    const ending = hai.points.hold('read team');
    const canceling = cancelOperation(id, hai.services);
    await hai.until(() => ending.isReached);
    before.release();
    await hai.until(() => held.isReached);
    ending.release();
    expect(await canceling).toMatchObject({ phase: 'running', stop: 'cancel' });
    held.release();
    expect(await hai.finish(id)).toMatchObject({ phase: 'canceled' });
    expect(hai.world.all()).toEqual([]);
    expect(hai.wrongs()).toEqual([]);
  });

  it('a cancel that comes while it parks is not lost', async () => {
    const hai = await toyWith('A', { A, B });
    hai.points.before('park', () => cancelOperation(hai.team().lane!.operationId, hai.services));
    expect(await hai.finish(await failingB(hai))).toMatchObject({ phase: 'canceled' });
    expect(hai.wrongs()).toEqual([]);
  });

  it('a cancel that comes while it turns is the reason of its end', async () => {
    const hai = toy({ A });
    hai.points.refuse('create subscription');
    hai.points.before('turn', () => cancelOperation(hai.team().lane!.operationId, hai.services));
    expect(await hai.finish(await hai.request('A'))).toMatchObject({ phase: 'canceled', stop: 'cancel' });
    expect(hai.wrongs()).toEqual([]);
  });

  it.each(['turn', 'park'])('no run gets its note in between the last look for notes and the %s', async (what) => {
    const hai = await toyWith('A', { A, B });
    const first = hai.points.orphan('read entry account');
    hai.points.refuse('create account');
    const id = await hai.request('B', { failurePolicy: what === 'park' ? 'hold' : 'undo' });
    await hai.until(() => first.isReached);
    const onItsWay = hai.points.hold((point) => point.labels[0] === 'create account' && point.run === first.point?.run);
    hai.points.after(
      ({ labels, run }) => labels[0] === 'list ledger-entry' && run?.call.what === 'turn',
      async () => {
        first.release();
        await flush();
      },
    );
    await hai.driver.until(() => onItsWay.isReached && isAtRest(hai.operation(id).phase), 200);
    onItsWay.release();
    await hai.finish(id);
    expect(hai.wrongs()).toEqual([]);
  });

  it('a turn whose answer was lost is not taken for a refusal of the way back', async () => {
    const hai = toy({ B });
    hai.points.refuse('create account');
    hai.points.unanswered('turn');
    expect(await hai.finish(await hai.request('B'))).toMatchObject({ phase: 'failed' });
    expect(hai.world.all()).toEqual([]);
    expect(hai.wrongs()).toEqual([]);
  });
});
