/** What a single step says and believes, where the model of the protocol is too coarse: causes, words about sleep, lost answers, second looks. */

import type { PaceDocument } from '../../shared/application/pace.js';
import { NOTE_SECONDS, SURVEY_SECONDS } from '../../shared/application/steps/bounds.js';
import { sweepOperations } from '../../shared/application/take-over.js';
import { isHeld, type LedgerEntry } from '../../shared/model/ledger.js';
import { busy, type Outcome, pending } from '../../shared/model/outcome.js';
import type { PlanDocument } from '../../shared/plan/plan-document.js';
import { type Hai, SLUG } from './support/hai.js';
import { flush } from './support/points.js';
import { idOf, stage, sub, thing, toy, toyWith } from './support/toy.js';

jest.mock('../../shared/plan/team-access.js', () => require('./support/plans.js').plans);
jest.mock('../../shared/plan/kaito-model.js', () => require('./support/plans.js').plans);

const account = (size = 's') => [stage([thing('account', size)])];

const callsOf = (hai: Hai, label: string): number => hai.points.log.filter(({ labels }) => labels[0] === label).length;

/** Seconds that pass until the operation is at rest. */
async function secondsOf(hai: Hai, plan: string): Promise<number> {
  const startMs = hai.driver.time.nowMs;
  await hai.finish(await hai.request(plan));
  return (hai.driver.time.nowMs - startMs) / 1000;
}

describe('a cause', () => {
  it.each([
    ['a read', 'policy'],
    ['a check', 'gate'],
  ])('of %s that is refused for good is the operation’s', async (_, kind) => {
    const gate = { id: 'gate', kind: 'gate', spec: { id: 'toy/gate', owner: 'team-alpha' } };
    const hai = await toyWith('A', { A: [stage([thing('policy', 'a')])], B: [stage([thing('policy', 'b')], [gate])] });
    const isStep = (label: string) => (point: { labels: string[]; run?: { activity: string } }) =>
      point.labels[0] === label && point.run?.activity !== 'survey';
    hai.points.refuse(isStep(kind === 'gate' ? 'check gate' : 'read policy'), 400);
    const ended = await hai.finish(await hai.request('B'));
    expect(ended).toMatchObject({ phase: 'failed', error: { code: 'refused-by-azure', azureCode: 'Http400' } });
    const step = ended.steps.find(({ id }) => id === kind);
    expect(step).toMatchObject({ error: { code: 'refused-by-azure' } });
    expect(hai.wrongs()).toEqual([]);
  });

  it('of a read that is refused for good on the way back makes it Stuck, with that said at its step', async () => {
    const hai = toy({ A: [stage([thing('policy')]), ...account()] });
    hai.points.refuse('create account');
    hai.points.refuse(({ labels, run }) => labels[0] === 'read policy' && run?.activity === 'remove', 400, 2);
    const ended = await hai.finish(await hai.request('A'));
    expect(ended).toMatchObject({ phase: 'stuck', steps: [{ id: 'policy', status: 'undo-failed' }, {}] });
  });

  it('is that a plan holds what its kind cannot have: it is not acted on, and operators hear of it', async () => {
    const hai = toy({ A: account() });
    const held = hai.points.hold('survey', 'after');
    const id = await hai.request('A');
    await hai.until(() => held.isReached);
    const plan = hai.store.peek<PlanDocument>(SLUG, `plan_${id}`)!.document;
    const moves = plan.moves!.map((lanes) =>
      lanes.map((moves) => moves.map((move) => ({ ...move, spec: { ...move.spec, owner: 'team-beta' } }))),
    );
    hai.store.put(SLUG, { ...plan, moves } as PlanDocument);
    held.release();
    expect(await hai.finish(id)).toMatchObject({ phase: 'failed', error: { code: 'unexpected-error' } });
    expect(hai.world.effects).toEqual([]);
    expect(hai.logs.some((line) => /^error: .*not acted on/.test(line))).toBe(true);
  });
});

describe('a lost answer', () => {
  it('of a creation is found by a read: nobody waits for what a survey saw before it', async () => {
    const hai = toy({ A: [stage([sub])], B: [stage([thing('record')])] });
    hai.points.unanswered('create subscription');
    const seconds = await secondsOf(hai, 'A');
    expect(seconds).toBeLessThan(NOTE_SECONDS + SURVEY_SECONDS);
    expect(callsOf(hai, 'create subscription')).toBe(1);

    hai.points.unanswered('create record');
    await hai.finish(await hai.request('B'));
    expect(callsOf(hai, 'create record')).toBe(1);
    expect(hai.wrongs()).toEqual([]);
  });

  it('of a conditional write that was refused is read again at once, not when the survey is old', async () => {
    const hai = toy({ A: [stage([thing('record')])] });
    hai.points.before('create record', () => hai.world.foreign('record', idOf('record')));
    const startMs = hai.driver.time.nowMs;
    expect(await hai.finish(await hai.request('A'))).toMatchObject({ phase: 'failed', error: { code: 'name-taken' } });
    expect((hai.driver.time.nowMs - startMs) / 1000).toBeLessThan(SURVEY_SECONDS);
    expect(hai.wrongs()).toEqual([]);
  });
});

describe('two runs of a removal', () => {
  it('do not park it when one notes while the other strikes', async () => {
    const hai = await toyWith('A', { A: account() });
    const first = hai.points.orphan('note account');
    const id = await hai.request('nothing');
    await hai.until(() => first.isReached);
    // The second run has read the entry that it strikes when the first one adds its note and dies.
    const dead = hai.points.hold(({ labels, run }) => labels[0] === 'remove account' && run === first.point?.run);
    hai.points.before('strike account', async () => {
      first.release();
      await flush();
    });
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded' });
    expect(dead.isReached).toBe(false);
    expect(hai.wrongs()).toEqual([]);
  });

  it('do not park it when one notes between the other’s last read of the entry and its strike', async () => {
    const hai = await toyWith('A', { A: account() });
    const first = hai.points.orphan('read entry account');
    const id = await hai.request('nothing');
    await hai.until(() => first.isReached);
    const ofFirst = (label: string) => (point: { labels: string[]; run?: unknown }) =>
      point.labels[0] === label && point.run === first.point?.run;
    const noting = hai.points.hold(ofFirst('note account'));
    hai.points.before('remove account', async () => {
      first.release();
      await flush();
    });
    hai.points.before('strike account', async () => {
      noting.release();
      await flush();
    });
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded' });
    expect(noting.isReached).toBe(true);
    expect(hai.entries().filter(isHeld)).toEqual([]);
    expect(hai.wrongs()).toEqual([]);
  });
});

describe('a step that sleeps', () => {
  /** What a check answers at first; then it is ready. */
  async function asleep(first: Outcome): Promise<Hai> {
    const gate = { id: 'gate', kind: 'gate', spec: { id: 'toy/gate', owner: 'team-alpha' } };
    const hai = toy({ A: [stage([thing('policy')]), stage([gate])] });
    hai.points.answer('check gate', () => first);
    await hai.request('A');
    await hai.until(() => callsOf(hai, 'check gate') === 1);
    return hai;
  }
  const idOfMoving = (hai: Hai): string => hai.moving()[0]!.id;

  it.each([
    ['as long as a service asks for', busy('TooManyRequests', 3600)],
    ['as long as it takes', pending('it', { retryAfterSeconds: 800 })],
    ['for days, by the service’s wish', busy('TooManyRequests', 86_400)],
  ])('is not taken over: it has said until when, %s', async (_, first) => {
    const hai = await asleep(first);
    const id = idOfMoving(hai);
    for (let minute = 0; minute < 90 && hai.moving().length > 0; minute++) {
      await hai.driver.until(() => hai.moving().length === 0, 60);
      await sweepOperations(hai.driver.stateOf, hai.services);
    }
    expect(hai.operation(id)).toMatchObject({ phase: 'succeeded', attempt: 1 });
    expect(callsOf(hai, 'check gate')).toBe(2);
  });

  it('that does not wake is taken over', async () => {
    const hai = await asleep(busy('TooManyRequests', 30));
    const id = idOfMoving(hai);
    const hung = hai.points.hold('check gate');
    await hai.until(() => hung.isReached);
    hai.driver.time.skip(20 * 60);
    await sweepOperations(hai.driver.stateOf, hai.services);
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded', attempt: 2 });
  });

  it('for its slot in a fleet is not taken over', async () => {
    const hai = await toyWith('A', { A: account('a'), B: account('b') });
    // A fleet has asked before: the next slot is an hour away.
    const [pace] = hai.store.all<PaceDocument>('pace');
    const nextMs = hai.driver.time.nowMs + 3600_000;
    hai.store.put('pace', { ...pace!, nextMs, nextStartMs: nextMs } as PaceDocument);
    const id = await hai.request('B');
    for (let minute = 0; minute < 90 && hai.moving().length > 0; minute++) {
      await hai.driver.until(() => hai.moving().length === 0, 60);
      await sweepOperations(hai.driver.stateOf, hai.services);
    }
    expect(hai.operation(id)).toMatchObject({ phase: 'succeeded', attempt: 1 });
  });
});

describe('a clock that is set back by a day', () => {
  const DAY_SECONDS = 24 * 3600;
  /** Looks, and the little that a step takes. */
  const SLACK_SECONDS = 60;

  it('lengthens no wait for a note beyond what any note may stand', async () => {
    const hai = toy({ A: account() });
    hai.points.orphan('create account');
    const id = await hai.request('A');
    await hai.until(() => hai.entry('account', idOf('account'))?.state === 'held');
    hai.driver.time.setBack(DAY_SECONDS);
    const hasEnded = () => hai.operation(id).phase === 'succeeded';
    expect(await hai.driver.until(hasEnded, NOTE_SECONDS - SLACK_SECONDS)).toBe(false);
    expect(await hai.driver.until(hasEnded, 2 * SLACK_SECONDS)).toBe(true);
  });

  it.each([
    ['before it asked', 0, 1200],
    ['while it waits, as long again as it was told at most', 600, 600 + 1200],
  ])(
    '%s: an operation gets its slot without waiting for the clock to catch up',
    async (_, waitsSeconds, lastsSeconds) => {
      const hai = await toyWith('A', { A: account('a'), B: account('b') });
      const [pace] = hai.store.all<PaceDocument>('pace');
      const { nowMs } = hai.driver.time;
      const nextMs = nowMs + 1200_000;
      hai.store.put('pace', { ...pace!, nextMs, nextStartMs: nextMs, takenMs: nowMs } as PaceDocument);
      const before = waitsSeconds > 0 ? await hai.request('B') : undefined;
      await hai.driver.until(() => false, waitsSeconds);
      hai.driver.time.setBack(DAY_SECONDS);
      const id = before ?? (await hai.request('B'));
      const hasEnded = () => hai.operation(id).phase === 'succeeded';
      expect(await hai.driver.until(hasEnded, lastsSeconds - SLACK_SECONDS)).toBe(false);
      expect(await hai.driver.until(hasEnded, 2 * SLACK_SECONDS)).toBe(true);
    },
  );
});

describe('an entry that was struck and is made again', () => {
  it('is new: it forgets its former spec, and leaves as the newest', async () => {
    const hai = await toyWith('A', { A: account('a'), B: account('b') });
    const former = hai.entry('account', idOf('account'))!;
    hai.world.deleteByHand('account', idOf('account'));
    hai.store.put(SLUG, { ...former, state: 'struck' } as LedgerEntry);
    hai.driver.time.skip(60);
    const held = hai.points.hold('note account', 'after');
    const id = await hai.request('B');
    await hai.until(() => held.isReached);
    const entry = hai.entry('account', idOf('account'))!;
    expect(entry).toMatchObject({ state: 'writing', asked: { size: 'b' } });
    expect(entry.spec).toBeUndefined();
    expect(entry.since > former.since).toBe(true);
    held.release();
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded' });
    expect(hai.wrongs()).toEqual([]);
  });
});

describe('a command', () => {
  it('that is lost is sent again, and one that comes twice starts nothing twice', async () => {
    const hai = toy({ A: account() });
    hai.delivers = false;
    const id = await hai.request('A');
    hai.commands.length = 0;
    hai.driver.time.skip(90);
    await sweepOperations(hai.driver.stateOf, hai.services);
    expect(hai.commands).toEqual([{ operationId: id, attempt: 1 }]);
    hai.commands.push({ operationId: id, attempt: 1 });
    await hai.deliver();
    hai.commands.push({ operationId: id, attempt: 1 });
    expect(await hai.finish(id)).toMatchObject({ phase: 'succeeded', attempt: 1 });
    await hai.deliver();
    await hai.driver.until(() => false, 600);
    expect(hai.points.names().filter((name) => name === 'claim' || name === 'create account')).toEqual([
      'claim',
      'create account',
    ]);
    expect(hai.wrongs()).toEqual([]);
  });
});
