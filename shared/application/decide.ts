/** What people decide about an operation: cancel it, or try it again. Both only write documents; whoever runs it reads them. */
import { timestamp } from '../kit/clock.js';
import { newId } from '../kit/ids.js';
import { enqueue, giveLane, isOvertaken } from '../model/line.js';
import { operationId } from '../model/naming.js';
import { hasEnded, isParked, type OperationDocument, type Origin, type Stop } from '../model/operation.js';
import { ProblemError, problem } from '../model/problem.js';
import { sendCommand } from './commands.js';
import { readOperation, readPlan, readSubject } from './documents.js';
import { endOperation } from './end-operation.js';
import { newOperation, planOf } from './new-operation.js';
import type { Services } from './services.js';
import { movesTo } from './target.js';
import { unparkWrite } from './unpark.js';

/** Rounds of read, decide, write; each lost one means that the operation moved meanwhile. */
const ROUNDS_MAX = 5;

/**
 * Cancel: what has not surveyed yet ends at once; what runs, or is held or stuck, walks back; what walks back goes on. After the first removal
 * there is no way back, and what has ended stays as it is: 409.
 */
export async function cancelOperation(id: string, services: Services): Promise<OperationDocument> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const operation = await existing(id, services);
    if (hasEnded(operation.phase)) throw conflict(operation, 'it has ended');
    if (operation.pivot) throw conflict(operation, 'it has begun to remove; from there it only goes forward');
    if (await tryCancel(operation, services)) return existing(id, services);
  }
  throw new ProblemError(problem('unavailable', `Operation "${id}" is being written by others; try again.`));
}

async function tryCancel(operation: OperationDocument, services: Services): Promise<boolean> {
  if (operation.phase === 'queued' || operation.surveyed === undefined)
    return endOperation({ ...operation, error: undefined }, { phase: 'canceled' }, services);
  if (isParked(operation.phase)) return unpark(operation, 'cancel', services);
  if (operation.direction === 'back') return true;
  return services.store.commit(operation.team, [
    {
      patch: operation.id,
      if: { equals: { '/attempt': operation.attempt, '/phase': operation.phase }, absent: ['/pivot'] },
      set: { '/stop': 'cancel', '/lastUpdatedAt': timestamp(services.clock) },
    },
  ]);
}

/** Retry: the next attempt of what is held or stuck; of what has failed or was canceled, a new operation, unless something newer is accepted. */
export async function retryOperation(id: string, origin: Origin, services: Services): Promise<OperationDocument> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const operation = await existing(id, services);
    if (operation.phase === 'succeeded') throw conflict(operation, 'it has succeeded');
    if (isParked(operation.phase)) {
      if (await unpark(operation, undefined, services)) return existing(id, services);
      continue;
    }
    if (!hasEnded(operation.phase)) throw conflict(operation, 'it is still under way');
    const repeated = await repeat(operation, origin, services);
    if (repeated) return repeated;
  }
  throw new ProblemError(problem('unavailable', `Operation "${id}" is being written by others; try again.`));
}

/** A parked operation goes on as its next attempt, the way it was going; `stop` turns it back. */
async function unpark(operation: OperationDocument, stop: Stop | undefined, services: Services): Promise<boolean> {
  const subject = await readSubject(services.store, operation.team);
  if (!subject) return false;
  const { write, next } = unparkWrite(operation, stop, services);
  const { document } = subject;
  const phase = document.type === 'team' ? (document.intent ? 'Ready' : 'Provisioning') : document.phase;
  const after = { ...document, isParked: undefined, phase };
  const isDone = await services.store.commit(operation.team, [write, { replace: after, etag: subject.etag }]);
  if (isDone) await sendCommand(next, services).catch(() => {});
  return isDone;
}

/** The same request again, at the end of the line. */
async function repeat(
  ended: OperationDocument,
  origin: Origin,
  services: Services,
): Promise<OperationDocument | undefined> {
  const { store, clock } = services;
  const subject = await readSubject(store, ended.team);
  const target = (await readPlan(store, ended.id))?.document.target;
  if (!subject || !target || subject.document.type !== 'team') throw conflict(ended, 'it cannot be repeated by itself');
  if (isOvertaken(subject.document, ended.generation)) throw conflict(ended, 'a newer operation has been accepted');
  const now = timestamp(clock);
  const id = operationId(ended.team, newId(clock.now()));
  const generation = subject.document.generation + 1;
  const placed = { operationId: id, kind: ended.kind, generation, specHash: ended.specHash, retryOf: ended.generation };
  const { line: queued } = enqueue({ ...subject.document, generation, operationId: id }, placed);
  const { line, starts } = giveLane(queued);
  const moves = movesTo(target, [], ended, services);
  const { team, kind, subject: name, specHash, failurePolicy } = ended;
  const phase = starts ? 'accepted' : 'queued';
  const operation = newOperation({
    id,
    team,
    kind,
    subject: name,
    generation,
    specHash,
    failurePolicy,
    origin,
    phase,
    retryOf: ended.id,
    moves,
    now,
  });
  const after = { ...line, phase: line.intent ? line.phase : ('Provisioning' as const), lastUpdatedAt: now };
  const isDone = await store.commit(team, [
    { replace: after, etag: subject.etag },
    { create: operation },
    { create: planOf(operation, target, moves) },
  ]);
  if (!isDone) return undefined;
  if (starts) await sendCommand(operation, services).catch(() => {});
  return operation;
}

async function existing(id: string, { store }: Services): Promise<OperationDocument> {
  const found = (await readOperation(store, id))?.document;
  if (!found) throw new ProblemError(problem('not-found', `There is no operation "${id.slice(0, 100)}".`));
  return found;
}

const conflict = ({ id }: OperationDocument, why: string): ProblemError =>
  new ProblemError(problem('not-possible-now', `Operation "${id}" cannot be changed so: ${why}.`, { operationId: id }));
