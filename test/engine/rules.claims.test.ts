/**
 * The rules of receipts, claims and listeners: a request that comes again is one request, and everybody who asked hears its end, once. One test a
 * rule of the model (`test/engine-model/model/rules.mjs`), by its shortest counterexample; the title is the rule.
 */
import { cancelOperation } from '../../shared/application/decide.js';
import type { ClaimDocument, ReceiptDocument } from '../../shared/application/receipts.js';
import { type Intake, takeRequest } from '../../shared/application/take-request.js';
import type { Origin } from '../../shared/model/operation.js';
import { request } from '../support/builders.js';
import { type Hai, TEAM } from './support/hai.js';
import { stage, thing, toy } from './support/toy.js';

jest.mock('../../shared/plan/team-access.js', () => require('./support/plans.js').plans);
jest.mock('../../shared/plan/kaito-model.js', () => require('./support/plans.js').plans);

const account = (size = 's') => [stage([thing('account', size)])];

/** A ticket's message: its id is its key. */
const ticket = (name: string, sourceId = `m-${name}`): Origin => ({
  door: 'bus',
  requestedBy: 'ticketing',
  source: 'queue:access-requests',
  sourceId,
  ticket: name,
});

const ask = (hai: Hai, plan: string, origin: Origin): Promise<Intake> =>
  takeRequest(request(TEAM, { costCenter: plan }), origin, hai.services);

const idOfAnswer = (intake: Intake): string => {
  if (intake.kind === 'refused') throw new Error(intake.problem.detail);
  return intake.operation.id;
};

const END = /\.(ready|failed|canceled)\.v1$/;

/** Ids of the ends that a ticket has heard. */
const endsFor = (hai: Hai, name: string): string[] =>
  hai.events.filter(({ type, ticket }) => END.test(type) && ticket === name).map(({ id }) => id);

const forget = (hai: Hai, type: 'receipt' | 'claim') => {
  for (const { team, id } of hai.store.all<ReceiptDocument | ClaimDocument>(type))
    void hai.store.commit(team, [{ remove: id }]);
};

describe('a receipt', () => {
  it('without its operation leads to one under the id that it names', async () => {
    const hai = toy({ A: account() });
    // The sender's first try ends behind its receipt.
    hai.points.hold('read team');
    void ask(hai, 'A', ticket('T-1'));
    await hai.until(() => hai.store.all('receipt').length === 1);
    const [receipt] = hai.store.all<ReceiptDocument>('receipt');
    expect(hai.moving()).toEqual([]);
    const intake = await ask(hai, 'A', ticket('T-1'));
    expect(intake).toMatchObject({ kind: 'accepted', operation: { id: receipt!.operationId } });
    await hai.finish(idOfAnswer(intake));
    expect(new Set(endsFor(hai, 'T-1')).size).toBe(1);
  });

  it('is bound to the document as it was sent, for any team, whatever the catalog says today', async () => {
    const hai = toy({ A: account() });
    const id = idOfAnswer(await ask(hai, 'A', ticket('T-1')));
    const other = await takeRequest(request('team-beta', { costCenter: 'A' }), ticket('T-1'), hai.services);
    expect(other).toMatchObject({ kind: 'refused', problem: { code: 'idempotency-key-reused', operationId: id } });
    const { catalog } = hai.services;
    hai.services.catalog = { ...catalog, foundry: [], kaito: [] };
    expect(idOfAnswer(await ask(hai, 'A', ticket('T-1')))).toBe(id);
    hai.services.catalog = catalog;
    await hai.finish(id);
  });

  it('of another sender with the same key is another one', async () => {
    const hai = toy({ A: account('a'), B: account('b') });
    await hai.finish(idOfAnswer(await ask(hai, 'A', ticket('T-1'))));
    const other = { ...ticket('T-2', 'm-T-1'), source: 'queue:other' };
    expect(await ask(hai, 'B', other)).toMatchObject({ kind: 'accepted' });
    await hai.rest();
  });
});

describe('a claim', () => {
  it('is obeyed by who finds it: what was joined stays the answer, also when that has failed', async () => {
    const hai = toy({ A: account() });
    hai.points.refuse('create account');
    const first = idOfAnswer(await ask(hai, 'A', ticket('T-1')));
    expect(await ask(hai, 'A', ticket('T-2'))).toMatchObject({ kind: 'same', operation: { id: first } });
    await hai.until(() => hai.operation(first).stop !== undefined);
    // Without the claim this would be a request of its own: nobody joins what is being stopped.
    expect(await ask(hai, 'A', ticket('T-2'))).toMatchObject({ kind: 'same', operation: { id: first } });
    expect(await hai.finish(first)).toMatchObject({ phase: 'failed' });
    expect(hai.store.all('operation')).toHaveLength(1);
    expect(new Set(endsFor(hai, 'T-2')).size).toBe(1);
  });

  it('is named by caller and key: it outlives a receipt that expired', async () => {
    const hai = toy({ A: account('a'), B: account('b') });
    const first = idOfAnswer(await ask(hai, 'A', ticket('T-1')));
    await hai.finish(first);
    await hai.finish(idOfAnswer(await ask(hai, 'B', ticket('T-2'))));
    forget(hai, 'receipt');
    expect(idOfAnswer(await ask(hai, 'A', ticket('T-1')))).toBe(first);
    expect(hai.moving()).toEqual([]);
  });

  it('of forty tries of one sender at once is one', async () => {
    const hai = toy({ A: account() });
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(hai, 'A', ticket('T-1'))));
    expect(new Set(answers.map(idOfAnswer)).size).toBe(1);
    await hai.finish(idOfAnswer(answers[0]!));
    expect(hai.store.all('operation')).toHaveLength(1);
    expect(new Set(endsFor(hai, 'T-1')).size).toBe(1);
  });
});

describe('who joins', () => {
  it('what has ended, or changes nothing, is told its end in the same transaction', async () => {
    const hai = toy({ A: account() });
    await hai.finish(idOfAnswer(await ask(hai, 'A', ticket('T-1'))));
    expect(await ask(hai, 'A', ticket('T-2'))).toMatchObject({ kind: 'no-change' });
    expect(hai.store.all<{ event: { ticket?: string; type: string } }>('outbox')).toMatchObject([
      { event: { ticket: 'T-2', type: expect.stringMatching(END) } },
    ]);
  });

  it('together with many others is told with them, each under his own ticket, once', async () => {
    const hai = toy({ A: account() });
    const names = Array.from({ length: 40 }, (_, index) => `T-${index}`);
    const answers = await Promise.all(names.map((name) => ask(hai, 'A', ticket(name))));
    expect(new Set(answers.map(idOfAnswer)).size).toBe(1);
    await hai.finish(idOfAnswer(answers[0]!));
    for (const name of names) expect([name, new Set(endsFor(hai, name)).size]).toEqual([name, 1]);
  });

  it('as the 51st ticket is refused, and told so', async () => {
    const hai = toy({ A: account() });
    const held = hai.points.hold('create account');
    for (let index = 0; index <= 50; index++) await ask(hai, 'A', ticket(`T-${index}`));
    expect(await ask(hai, 'A', ticket('T-51'))).toMatchObject({ kind: 'refused', problem: { code: 'queue-full' } });
    await hai.until(() => held.isReached);
    held.release();
    await hai.rest();
  });

  it.each(['a ticket sent again', 'a ticket opened again'])('as %s hears what is true now', async (which) => {
    const hai = toy({ A: account() });
    const id = idOfAnswer(await ask(hai, 'A', ticket('T-1')));
    await hai.finish(id);
    const before = hai.events.length;
    await ask(hai, 'A', ticket('T-1', which.endsWith('opened again') ? 'm-2' : 'm-T-1'));
    const told = hai.store.all<{ event: { ticket?: string; type: string } }>('outbox');
    expect([before, told]).toMatchObject([
      before,
      [{ event: { ticket: 'T-1', type: expect.stringMatching(/ready/) } }],
    ]);
  });

  it('on condition of no stop: a cancel that comes meanwhile makes the joining a request of its own', async () => {
    const hai = toy({ A: account() });
    const held = hai.points.hold('create account');
    const first = idOfAnswer(await ask(hai, 'A', ticket('T-1')));
    await hai.until(() => held.isReached);
    // The second ticket has read team and operation, and not joined yet.
    const joining = hai.points.hold(({ labels }) => labels.includes('join'));
    const second = ask(hai, 'A', ticket('T-2'));
    await hai.until(() => joining.isReached);
    await cancelOperation(first, hai.services);
    joining.release();
    const other = idOfAnswer(await second);
    expect(other).not.toBe(first);
    held.release();
    await hai.rest();
    expect(hai.operation(first)).toMatchObject({ phase: 'canceled' });
    expect(hai.operation(other)).toMatchObject({ phase: 'succeeded' });
    expect(hai.wrongs()).toEqual([]);
  });
});
