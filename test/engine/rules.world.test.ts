/**
 * The rules of the survey, of whose things are, of holds and of joining. One test a rule of the model (`test/engine-model/model/rules.mjs`), by
 * its shortest counterexample; the title is the rule.
 */

import { cancelOperation } from '../../shared/application/decide.js';
import { MODEL_DOCUMENT_ID, type ModelDocument } from '../../shared/model/shared-model.js';
import { isAccessOpen } from '../../shared/model/team.js';
import type { PlanDocument } from '../../shared/plan/plan-document.js';
import { type Hai, SLUG, SUBSCRIPTION_ID } from './support/hai.js';
import { flush, type Point } from './support/points.js';
import { idOf, membership, proven, stage, sub, thing, toy, toyWith } from './support/toy.js';
import { elsewhere } from './support/world.js';

jest.mock('../../shared/plan/team-access.js', () => require('./support/plans.js').plans);
jest.mock('../../shared/plan/kaito-model.js', () => require('./support/plans.js').plans);

const A = [stage([sub]), stage([thing('policy', 'a')]), stage([proven])];
const B = [stage([sub], [thing('account')]), stage([thing('policy', 'b')]), stage([proven])];
const account = [stage([thing('account')])];

const back = (label: string) => (point: Point) => point.labels.includes(label) && point.run?.call.direction === 'back';
const state = (hai: Hai) => hai.world.peek('subscription', SUBSCRIPTION_ID)?.body['state'];
/** Suspends the team while an operation runs: writes the hold, then the subscription, as the operation beside the line does. */
function suspend(hai: Hai): void {
  hai.hold('security');
  write(hai, 'suspended');
}
function resume(hai: Hai): void {
  hai.hold();
  write(hai, 'active');
}
function write(hai: Hai, to: string): void {
  const { body } = hai.world.peek('subscription', SUBSCRIPTION_ID)!;
  hai.world.changeByHand('subscription', SUBSCRIPTION_ID, { ...body, state: to });
}

describe('the survey', () => {
  it('freezes the ledger at the start once an operation, not once an attempt', async () => {
    const hai = toy({ A: account });
    const held = hai.points.hold('note account');
    const id = await hai.request('A');
    await hai.until(() => held.isReached);
    const plan = () => hai.store.peek<PlanDocument>(SLUG, `plan_${id}`)!.document;
    const { moves } = plan();
    await cancelOperation(id, hai.services);
    hai.delivers = false;
    await hai.takeOver(id);
    held.release();
    await hai.until(() => hai.entry('account', idOf('account'))?.state === 'held');
    await hai.deliver();
    expect(await hai.finish(id)).toMatchObject({ phase: 'canceled', attempt: 2 });
    expect(plan().moves).toEqual(moves);
    expect(hai.world.all()).toEqual([]);
    expect(hai.wrongs()).toEqual([]);
  });

  it('counts with the ledger: its record marks `writing` what it did not find, or found foreign', async () => {
    const hai = await toyWith('A', { A, B });
    hai.world.deleteByHand('subscription', SUBSCRIPTION_ID);
    expect(await hai.finish(await hai.request('B'))).toMatchObject({ phase: 'succeeded' });
    expect(hai.isOpen()).toBe(true);
    expect(hai.wrongs()).toEqual([]);
  });

  it('marks nothing that has been made since: a run of it that is late has lost', async () => {
    const hai = await toyWith('A', { A: account, B: [...account, stage([thing('policy')])] });
    hai.world.deleteByHand('account', idOf('account'));
    const first = hai.points.orphan('doubt account');
    const id = await hai.request('B');
    const held = hai.points.hold('note policy');
    await hai.until(() => held.isReached);
    first.release();
    await flush();
    held.release();
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded' });
    expect(hai.wrongs()).toEqual([]);
  });

  it('lets what is foreign in a later survey go back: it does not end there', async () => {
    const first = toy({ A: account });
    first.world.foreign('account', idOf('account'));
    expect(await first.finish(await first.request('A'))).toMatchObject({
      phase: 'failed',
      error: { code: 'name-taken' },
    });
    expect(first.entries()).toEqual([]);

    const hai = toy({ A: account });
    const held = hai.points.hold('note account', 'after');
    const id = await hai.request('A');
    await hai.until(() => held.isReached);
    await hai.takeOver(id);
    hai.world.foreign('account', idOf('account'));
    held.release();
    expect(await hai.finish(id)).toMatchObject({
      phase: 'failed',
      attempt: 2,
      direction: 'back',
      error: { code: 'name-taken' },
    });
    expect(hai.world.effects).toEqual([]);
    expect(hai.entries()).toEqual([]);
    expect(hai.wrongs()).toEqual([]);
  });

  it('takes what is foreign where something would be removed as gone', async () => {
    const hai = await toyWith('A', { A: account });
    const { effects } = hai.world;
    const before = effects.length;
    hai.world.deleteByHand('account', idOf('account'));
    hai.world.foreign('account', idOf('account'));
    expect(await hai.finish(await hai.request('nothing'))).toMatchObject({ phase: 'succeeded' });
    expect(effects).toHaveLength(before);
    expect(hai.entries()).toEqual([]);
    expect(hai.wrongs()).toEqual([]);
  });
});

describe('whose a thing is', () => {
  it('a subscription carries our mark; the ledger alone proves nothing', async () => {
    const hai = toy({ A });
    hai.points.after('note subscription', () => hai.world.foreign('subscription', SUBSCRIPTION_ID));
    expect(await hai.finish(await hai.request('A'))).toMatchObject({ phase: 'failed', error: { code: 'name-taken' } });
    expect(hai.world.effects).toEqual([]);
    expect(hai.wrongs()).toEqual([]);
  });

  it('where the service has no condition, the run reads again between its note and its write', async () => {
    const made = toy({ A: account });
    made.points.after('note account', () => made.world.foreign('account', idOf('account')));
    expect(await made.finish(await made.request('A'))).toMatchObject({
      phase: 'failed',
      error: { code: 'name-taken' },
    });
    expect(made.world.effects).toEqual([]);
    expect(made.wrongs()).toEqual([]);

    const gone = await toyWith('A', { A: account });
    gone.points.after('note account', () => {
      gone.world.deleteByHand('account', idOf('account'));
      gone.world.foreign('account', idOf('account'));
    });
    expect(await gone.finish(await gone.request('nothing'))).toMatchObject({ phase: 'succeeded' });
    expect(gone.points.names()).not.toContain('remove account');
    expect(gone.wrongs()).toEqual([]);
  });

  it('on a removal a 404, or a foreign one, counts on a second look', async () => {
    const hai = await toyWith('A', { A: account });
    hai.points.answer(
      ({ labels, run }) => labels[0] === 'read account' && run?.activity === 'remove',
      () => undefined,
    );
    expect(await hai.finish(await hai.request('nothing'))).toMatchObject({ phase: 'succeeded' });
    expect(hai.world.all()).toEqual([]);
    expect(hai.wrongs()).toEqual([]);
  });

  it('RoleAssignmentExists is an answered write; the entry then says foreign', async () => {
    const hai = toy({ A: [stage([thing('role')])], B: [stage([thing('role')]), stage([thing('account')])] });
    hai.points.after('note role', () => hai.world.foreign('role', elsewhere(idOf('role'))));
    expect(await hai.finish(await hai.request('A'))).toMatchObject({ phase: 'succeeded' });
    expect(hai.entry('role', idOf('role'))).toMatchObject({ state: 'foreign' });
    // Whether it still stands is asked again by each operation; it is nobody's to remove.
    expect(await hai.finish(await hai.request('B'))).toMatchObject({ phase: 'succeeded' });
    expect(hai.entry('role', idOf('role'))).toMatchObject({ state: 'foreign' });
    expect(await hai.finish(await hai.request('nothing'))).toMatchObject({ phase: 'succeeded' });
    expect(hai.world.peek('role', elsewhere(idOf('role')))).toBeDefined();
    expect(hai.points.names()).not.toContain('remove role');
    expect(hai.wrongs()).toEqual([]);
  });
});

describe('holds', () => {
  it('a subscription is created suspended; a second write (holds read, If-Match) opens it', async () => {
    const hai = toy({ A });
    hai.points.after('create subscription', () => expect(state(hai)).toBe('suspended'));
    // The hold's own look came before the creation, and found nothing to close.
    hai.points.before('create subscription', () => hai.hold('security'));
    const id = await hai.request('A');
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded' });
    expect(state(hai)).toBe('suspended');

    const between = toy({ A });
    between.points.before('change subscription', () => suspend(between));
    expect(await between.finish(await between.request('A'))).toMatchObject({ phase: 'succeeded' });
    expect(state(between)).toBe('suspended');
    expect([...hai.wrongs(), ...between.wrongs()]).toEqual([]);
  });

  it('a state that is already so is written again', async () => {
    const hai = await toyWith('A', { A });
    const id = await hai.removal();
    hai.points.refuse('remove policy', 503);
    await hai.until(() => state(hai) === 'suspended');
    const { etag } = hai.world.peek('subscription', SUBSCRIPTION_ID)!;
    await hai.takeOver(id);
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded', attempt: 2 });
    const closings = hai.world.effects.filter(({ label }) => label === 'change subscription').slice(-2);
    expect(closings.map((one) => one.etag === etag)).toEqual([true, false]);
    expect(hai.wrongs()).toEqual([]);
  });

  it('a removal that begins writes the hold ended; going back lifts it', async () => {
    const hai = await toyWith('A', { A });
    const id = await hai.removal();
    let isOpen: boolean | undefined;
    hai.points.before('remove policy', () => {
      // A resume that comes now opens nothing: it asks the documents.
      hai.hold();
      isOpen = isAccessOpen(hai.team());
    });
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded' });
    expect(isOpen).toBe(false);
    expect(isAccessOpen(hai.team())).toBe(true);
    expect(hai.wrongs()).toEqual([]);

    const lifted = await toyWith('A', { A });
    const canceled = await lifted.removal();
    lifted.points.before('pivot', () => cancelOperation(canceled, lifted.services));
    expect(await lifted.finish(canceled)).toMatchObject({ phase: 'canceled' });
    expect(isAccessOpen(lifted.team())).toBe(true);
    expect(lifted.isOpen()).toBe(true);
    expect(lifted.wrongs()).toEqual([]);
  });

  it('where the ledger has an entry, absence is believed on a second look', async () => {
    const hai = await toyWith('A', { A });
    hai.points.answer(
      ({ labels, run }) => labels[0] === 'read subscription' && run?.activity === 'make',
      () => undefined,
    );
    hai.points.before('remove policy', () => expect(state(hai)).toBe('suspended'));
    expect(await hai.finish(await hai.removal())).toMatchObject({ phase: 'succeeded' });
    expect(hai.points.names()).toContain('change subscription');
    expect(hai.wrongs()).toEqual([]);
  });

  it('while a hold stands the proof is the gateway’s refusal', async () => {
    const hai = await toyWith('A', { A, B });
    suspend(hai);
    expect(await hai.finish(await hai.request('B'))).toMatchObject({ phase: 'succeeded' });
    expect(state(hai)).toBe('suspended');
    expect(hai.wrongs()).toEqual([]);
  });

  it('a refused proof reads the holds again', async () => {
    const hai = await toyWith('A', { A, B });
    hai.points.before('check list', () => suspend(hai));
    expect(await hai.finish(await hai.request('B'))).toMatchObject({ phase: 'succeeded' });
    hai.points.before('check list', () => resume(hai));
    expect(await hai.finish(await hai.request('A'))).toMatchObject({ phase: 'succeeded' });
    expect(hai.isOpen()).toBe(true);
    expect(hai.wrongs()).toEqual([]);
  });

  it('no walk undoes a hold that comes between its look at the holds and its write', async () => {
    const hai = await toyWith('A', { A, B });
    const id = await hai.removal();
    hai.points.refuse('remove policy', 503);
    hai.points.before('pivot', () => cancelOperation(id, hai.services));
    hai.points.before(back('change subscription'), () => suspend(hai));
    expect(await hai.finish(id)).toMatchObject({ phase: 'canceled' });
    expect(state(hai)).toBe('suspended');
    expect(hai.wrongs()).toEqual([]);
  });
});

describe('joining', () => {
  it('a waiter whose generation is older joins the current one', async () => {
    const owner = 'model mistral-7b';
    const hai = toy({
      A: [stage([membership('mistral-7b')])],
      'model mistral-7b': [stage([thing('account', 's', owner)])],
    });
    const held = hai.points.hold(({ labels, run }) => labels[0] === 'create account' && run?.activity === 'make');
    const id = await hai.request('A');
    await hai.until(() => held.isReached);
    // The deployment failed, another team began the next one and left it again, running.
    const partition = 'model_mistral-7b';
    const model = hai.store.peek<ModelDocument>(partition, MODEL_DOCUMENT_ID)!.document;
    hai.store.put(partition, { ...model, generation: 2, phase: 'Ready' } as ModelDocument);
    await hai.driver.until(() => hai.operation(id).phase === 'succeeded', 600);
    expect(hai.operation(id)).toMatchObject({ phase: 'succeeded' });
    const { members } = hai.store.peek<ModelDocument>(partition, MODEL_DOCUMENT_ID)!.document;
    expect(members).toMatchObject({ [SLUG]: { generation: 2 } });
    held.release();
  });
});
