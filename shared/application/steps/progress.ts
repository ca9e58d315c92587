/**
 * What the operation's own record says of a step: it waits, it is done, it was refused. Written forward only, with the attempt as predicate;
 * a step's completion and its event are one transaction.
 */
import { timestamp } from '../../kit/clock.js';
import { type OperationStep, replaceableBy, SLEEP_SECONDS_MAX, type StepStatus } from '../../model/operation.js';
import { type Outcome, pending, RETRY_AFTER_SECONDS_MAX } from '../../model/outcome.js';
import type { Problem } from '../../model/problem.js';
import { outboxWrite, publishWritten } from '../announce.js';
import { isModelPartition } from '../documents.js';
import type { Condition, Write } from '../store.js';
import { AGAIN_SECONDS } from './bounds.js';
import { overtaken, type Run, whileHolding } from './run.js';

/** Until when something that was heard of now may be silent: its sleep, and one more, so that one look writes for the next as well. */
export const wakesAtFrom = (nowMs: number, retryAfterSeconds = 0): string =>
  new Date(nowMs + (sleepSeconds(retryAfterSeconds) + SLEEP_SECONDS_MAX) * 1000).toISOString();

/** As long as a service wishes, as far as the orchestration follows it. */
const sleepSeconds = (retryAfterSeconds: number): number =>
  Math.max(SLEEP_SECONDS_MAX, Math.min(retryAfterSeconds, RETRY_AFTER_SECONDS_MAX));

/** Writes what an outcome means for the step, with `writes` of the same fact in one transaction where it is done. */
export async function settleStep(run: Run, outcome: Outcome, writes: readonly Write[] = []): Promise<Outcome> {
  if (outcome.kind === 'refused' && callsAPerson(run)) return settleStep(run, againAfter(outcome.problem));
  if (outcome.kind === 'ready') return (await complete(run, writes)) ? outcome : overtaken(run);
  if (outcome.kind === 'pending') await waits(run, outcome.waitingFor, outcome.retryAfterSeconds);
  if (outcome.kind === 'busy') await waits(run, `Azure to be free (${outcome.code})`, outcome.retryAfterSeconds);
  if (outcome.kind === 'refused') await recordRefusal(run, outcome.problem);
  return outcome;
}

/** Resume of a step whose refusal has been heard once. */
const AGAIN = 'again';

/** On the way back and after the first removal a refusal leaves everything to a person: it counts when it is said twice. */
const callsAPerson = ({ call, operation }: Run): boolean =>
  (call.direction === 'back' || operation.pivot === true) && call.resume !== AGAIN;

const againAfter = ({ detail }: Problem): Outcome =>
  pending(`another try (${detail})`, { resume: AGAIN, retryAfterSeconds: AGAIN_SECONDS });

/**
 * Done: the step's record, its event, and the ledger's answer together; the ledger's alone, while its holder is still this attempt, when the
 * record is no longer this attempt's. False when another attempt has the say.
 */
async function complete(run: Run, answer: readonly Write[]): Promise<boolean> {
  const { services, operation, move } = run;
  const isForward = run.call.direction === 'forward';
  const data = { operationId: operation.id, step: move.id, title: move.title };
  const event = isModelPartition(operation.team)
    ? outboxWrite(services, operation, 'modelStepCompleted', { ...data, model: operation.subject }, move.id)
    : outboxWrite(services, operation, 'stepCompleted', { ...data, team: operation.subject }, move.id);
  const record = stepWrite(run, isForward ? 'succeeded' : 'undone');
  // The record's own predicate (attempt, direction, still moving) says as much as the ledger's holder.
  const isRecorded = await services.store.commit(operation.team, [...answer, record, ...(isForward ? [event] : [])]);
  if (isRecorded && isForward) await publishWritten(services, event);
  if (isRecorded || answer.length === 0) return true;
  return services.store.commit(operation.team, [whileHolding(run), ...answer]);
}

/** Says that the step waits, unless that has been said and still counts for the next sleep. */
async function waits(run: Run, waitingFor: string, retryAfterSeconds = 0): Promise<void> {
  const { services, operation, call } = run;
  const status: StepStatus = call.direction === 'forward' ? 'waiting' : 'undoing';
  const said = stepOf(run);
  const countsUntilMs = services.clock.now() + (sleepSeconds(retryAfterSeconds) + 10) * 1000;
  if (said?.status === status && said.waitingFor === waitingFor && Date.parse(said.wakesAt ?? '') > countsUntilMs)
    return;
  await services.store.commit(operation.team, [stepWrite(run, status, { waitingFor, retryAfterSeconds })]);
}

/** The step will not become true. Forward, before the first removal, the operation is stopped by it, so that other lanes hear of it. */
export async function recordRefusal(run: Run, problem: Problem): Promise<void> {
  const { services, operation, call } = run;
  const isForward = call.direction === 'forward';
  const failure = stepWrite(run, isForward ? 'failed' : 'undo-failed', { problem });
  const error: Write = {
    patch: operation.id,
    if: { equals: { '/attempt': call.attempt } },
    set: { '/error': problem },
  };
  await services.store.commit(operation.team, [failure]);
  if (!isForward) return;
  await services.store.commit(operation.team, [{ ...error, if: { ...error.if, absent: ['/error'] } }]);
  if (operation.pivot) return;
  const stop: Condition = { equals: { '/attempt': call.attempt, '/direction': 'forward' }, absent: ['/stop'] };
  await services.store.commit(operation.team, [{ patch: operation.id, if: stop, set: { '/stop': 'failed' } }]);
}

function stepWrite(
  run: Run,
  status: StepStatus,
  more: { waitingFor?: string; retryAfterSeconds?: number; problem?: Problem } = {},
): Write {
  const { services, operation, call } = run;
  const at = `/steps/${call.step}`;
  const now = timestamp(services.clock);
  const wakesAt = wakesAtFrom(services.clock.now(), more.retryAfterSeconds);
  const isOver = !['waiting', 'undoing', 'running'].includes(status);
  return {
    patch: operation.id,
    if: {
      equals: { '/attempt': call.attempt, '/direction': call.direction },
      oneOf: {
        '/phase': ['running', 'unwinding'],
        [`${at}/status`]: status === 'succeeded' ? ['pending', 'running', 'waiting'] : replaceableBy(status),
      },
    },
    set: {
      [`${at}/status`]: status,
      // What is done by one call has begun when it ended, as far as anybody can tell.
      ...(!isOver && !stepOf(run)?.startedAt && { [`${at}/startedAt`]: now }),
      ...(isOver ? { [`${at}/endedAt`]: now } : { [`${at}/wakesAt`]: wakesAt }),
      ...(more.waitingFor && { [`${at}/waitingFor`]: more.waitingFor }),
      ...(more.problem && { [`${at}/error`]: more.problem }),
      '/wakesAt': wakesAt,
      '/lastUpdatedAt': now,
    },
    ...(isOver && { unset: waitOf(run).map((name) => `${at}/${name}`) }),
  };
}

/** What a step said while it waited is of no use when it is over, and makes every later write of the operation dearer. */
const waitOf = (run: Run): string[] => ['waitingFor', 'wakesAt'].filter((name) => name in (stepOf(run) ?? {}));

const stepOf = ({ operation, call }: Run): OperationStep | undefined => operation.steps[call.step];
