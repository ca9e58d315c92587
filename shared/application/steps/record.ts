/**
 * What the frame of an operation writes between its walks: the claim, the entry of a stage that takes away, the turn, the end. Each is one
 * transaction, repeats safely, and waits until no call of an earlier run can still land where the protocol says so.
 */

import type { Course, FrameAnswer, RecordCall, SurveyCall } from '../../contracts/activities.js';
import { timestamp } from '../../kit/clock.js';
import { holderOf, LEDGER_ID, type LedgerHead } from '../../model/ledger.js';
import { isWaitedFor } from '../../model/line.js';
import { hasEnded, isAtRest, isParked, type OperationDocument, type OperationPhase } from '../../model/operation.js';
import { type Outcome, pending, ready, refused, stopped } from '../../model/outcome.js';
import { problem } from '../../model/problem.js';
import { TEAM_DOCUMENT_ID } from '../../model/team.js';
import { isModelPartition, listEntries, readFrozenPlan, readHead, readOperation, readSubject } from '../documents.js';
import { type Drained, endOperation, parkOperation } from '../end-operation.js';
import { admit } from '../pace.js';
import type { Services } from '../services.js';
import type { Write } from '../store.js';
import { courseOf } from './course.js';
import { drain } from './drain.js';
import { recordRefusal, wakesAtFrom } from './progress.js';
import { beginRun, isOutcome } from './run.js';

/** Nothing is left to do: ended, or parked. */
const endedAs = (ended: OperationPhase): FrameAnswer => ({ kind: 'ready', ended });

/** A transaction that lost a race is tried again from the documents as they are then. */
const lost = (what: string): Outcome => pending(`${what} to be recorded`, { retryAfterSeconds: 1 });

export async function record(call: RecordCall, services: Services): Promise<FrameAnswer> {
  const operation = (await readOperation(services.store, call.operationId))?.document;
  if (!operation || operation.attempt !== call.attempt) return stopped;
  if (hasEnded(operation.phase))
    return call.what === 'claim' || call.what === 'admit' ? stopped : endedAs(operation.phase);
  if (isParked(operation.phase)) return call.what === 'turn' ? endedAs(operation.phase) : stopped;
  switch (call.what) {
    case 'claim':
      return claim(operation, services);
    case 'admit':
      return admit(operation, call.resume, services);
    case 'enter':
      return enter(operation, call.stage, services);
    case 'give-up':
      return giveUp(call, services);
    case 'turn':
      return whichWay(operation, call, services);
    case 'end':
      return end(operation, call.resume, services);
    case 'overdue':
      services.log('error', `Operation "${operation.id}" has been busy for ${call.hours} hours (${call.code})`);
      return ready;
  }
}

/** This attempt gets the say: operation and ledger together. What an earlier attempt had still under way is waited for by the survey. */
async function claim(operation: OperationDocument, services: Services): Promise<FrameAnswer> {
  const { store, clock } = services;
  const { id, team, attempt, direction } = operation;
  const now = timestamp(clock);
  const holder = holderOf(id, attempt, direction);
  const head = await readHead(store, team);
  const isClaimed = await store.commit(team, [
    {
      patch: id,
      if: { equals: { '/attempt': attempt }, oneOf: { '/phase': ['accepted', 'running', 'unwinding'] } },
      set: {
        '/phase': direction === 'back' ? 'unwinding' : 'running',
        '/claimed': attempt,
        '/wakesAt': wakesAtFrom(clock.now()),
        '/lastUpdatedAt': now,
        ...(!operation.startedAt && { '/startedAt': now }),
      },
    },
    head
      ? { patch: LEDGER_ID, set: { '/holder': holder } }
      : { create: { id: LEDGER_ID, team, type: 'ledger', holder } satisfies LedgerHead },
  ]);
  return isClaimed ? ready : lost('the claim');
}

/**
 * Before the first removal the operation writes the pivot, on condition of no stop: from there it only goes forward. Before the access is closed
 * the team says that it ends, so that nobody opens it again.
 */
async function enter(
  { id, team, attempt, pivot }: OperationDocument,
  stage: number,
  { store, clock }: Services,
): Promise<FrameAnswer> {
  const verbs = (await readFrozenPlan(store, id))?.moves?.[stage]?.flat().map(({ verb }) => verb) ?? [];
  const changesTeam = verbs.includes('close') || verbs.includes('open');
  if (pivot && !changesTeam) return ready;
  const isEntered = await store.commit(team, [
    {
      patch: id,
      if: { equals: { '/attempt': attempt, '/direction': 'forward' }, absent: pivot ? [] : ['/stop'] },
      set: { ...(verbs.includes('remove') && { '/pivot': true }), '/wakesAt': wakesAtFrom(clock.now()) },
    },
    ...(changesTeam ? [endingWrite(verbs.includes('close'))] : []),
  ]);
  return isEntered
    ? ready
    : refused(problem('unexpected-error', 'The operation was stopped before its first removal.'));
}

const endingWrite = (isEnding: boolean): Write => ({ patch: TEAM_DOCUMENT_ID, set: { '/isEnding': isEnding } });

/** A step's time is over. */
async function giveUp(call: Extract<RecordCall, { what: 'give-up' }>, services: Services): Promise<FrameAnswer> {
  const run = await beginRun({ ...call, resume: undefined }, services);
  if (isOutcome(run)) return run;
  await recordRefusal(run, call.problem);
  return ready;
}

/** A lane failed or was stopped on the way that it `went`: park, or go back. */
async function whichWay(
  operation: OperationDocument,
  { direction: went, resume }: Extract<RecordCall, { what: 'turn' }>,
  services: Services,
): Promise<FrameAnswer> {
  // It has turned, and the answer was lost.
  const goesBack = () => turnBack({ ...operation, operationId: operation.id, resume }, services);
  if (went === 'forward' && operation.direction === 'back') return goesBack();
  const isStuck = operation.pivot || operation.direction === 'back';
  if (isStuck) return park(operation, 'stuck', resume, services);
  const keeps = operation.failurePolicy === 'hold' && operation.stop !== 'cancel';
  const subject = keeps ? await readSubject(services.store, operation.team) : undefined;
  if (keeps && subject && !isWaitedFor(subject.document)) return park(operation, 'held', resume, services);
  return goesBack();
}

/** Who parks waits until no call can land any more: nobody looks after what would still change. */
async function park(
  operation: OperationDocument,
  phase: 'held' | 'stuck',
  resume: string | undefined,
  services: Services,
): Promise<FrameAnswer> {
  const head = await drained(operation, resume, services);
  if ('kind' in head) return head;
  return (await parkOperation(operation, phase, services, head)) ? endedAs(phase) : lost('the parking');
}

/** Who goes back waits until no call of the way forward can land any more. */
export async function turnBack({ operationId, attempt, resume }: SurveyCall, services: Services): Promise<FrameAnswer> {
  const { store, clock } = services;
  const operation = (await readOperation(store, operationId))?.document;
  if (!operation || operation.attempt !== attempt || isAtRest(operation.phase)) return stopped;
  if (operation.direction === 'forward') {
    const head = await drained(operation, resume, services);
    if ('kind' in head) return head;
    if (head.document.holder !== holderOf(operationId, attempt, 'forward')) return lost('the turn');
    // A cancel that comes meanwhile stays the reason.
    const isReason = operation.stop === undefined;
    const turned: Write[] = [
      {
        patch: operationId,
        if: { equals: { '/attempt': attempt, '/direction': 'forward' }, absent: isReason ? ['/stop'] : [] },
        set: {
          '/direction': 'back',
          '/phase': 'unwinding',
          ...(isReason && { '/stop': 'failed' }),
          '/wakesAt': wakesAtFrom(clock.now()),
          '/lastUpdatedAt': timestamp(clock),
        },
      },
      { replace: { ...head.document, holder: holderOf(operationId, attempt, 'back') }, etag: head.etag },
      ...((await endsTeam(operation, services)) ? [endingWrite(false)] : []),
    ];
    if (!(await store.commit(operation.team, turned))) return lost('the turn');
  }
  return { kind: 'ready', course: await courseBack(operation, services) };
}

const endsTeam = async ({ id, team }: OperationDocument, { store }: Services): Promise<boolean> =>
  !isModelPartition(team) && (await readFrozenPlan(store, id))?.target.kind === 'nothing';

async function courseBack({ id, team }: OperationDocument, { store }: Services): Promise<Course> {
  const plan = await readFrozenPlan(store, id);
  const entries = (await listEntries(store, team)).map(({ document }) => document);
  return courseOf(plan?.moves ?? [], 'back', entries);
}

/** Forward: Succeeded, on condition of no stop. Back: Failed or Canceled. */
async function end(operation: OperationDocument, resume: string | undefined, services: Services): Promise<FrameAnswer> {
  const isForward = operation.direction === 'forward';
  if (isForward && operation.stop && !operation.pivot)
    return refused(problem('unexpected-error', 'The operation was stopped.'));
  const head = await drained(operation, resume, services);
  if ('kind' in head) return head;
  const phase = isForward ? 'succeeded' : operation.stop === 'cancel' ? 'canceled' : 'failed';
  return (await endOperation(operation, { phase }, services, head)) ? endedAs(phase) : lost('the end');
}

/**
 * The ledger's head when no call of any run can land any more. It is read before the notes, and every note moves its version: who commits on
 * that has seen them all.
 */
async function drained(
  { team }: OperationDocument,
  resume: string | undefined,
  { store, clock }: Services,
): Promise<Drained | Outcome> {
  const head = await readHead(store, team);
  if (!head) return lost('the claim');
  const entries = (await listEntries(store, team)).map(({ document }) => document);
  const wait = drain(entries, resume, clock.now());
  if (wait) return wait;
  const struck = entries.filter(({ state }) => state === 'struck').map(({ id }) => id);
  return { ...head, struck };
}
