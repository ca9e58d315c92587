/**
 * The end of an operation: operation, subject, ledger and events in one transaction, which also gives the lane to the next. Parking keeps the
 * lane and waits for a person; it writes the subject too, so that a claim and a parking never miss each other.
 */
import { timestamp } from '../kit/clock.js';
import type { LedgerHead } from '../model/ledger.js';
import { giveLane, leaveLine, type Placed } from '../model/line.js';
import type { Listener, OperationDocument } from '../model/operation.js';
import { type Problem, problem } from '../model/problem.js';
import type { ModelDocument, ModelPhase } from '../model/shared-model.js';
import type { TeamAccess, TeamDocument } from '../model/team.js';
import { outboxWrite, publishAfter } from './announce.js';
import { sendCommand } from './commands.js';
import { readFrozenPlan, readHead, readOperation, readSubject, type SubjectDocument } from './documents.js';
import type { Services } from './services.js';
import type { Condition, Stored, Write } from './store.js';
import { accessOf } from './team-view.js';

export interface Ending {
  phase: 'succeeded' | 'failed' | 'canceled';
  error?: Problem;
}

/** The ledger's head as it was when no call could land any more. */
export interface Drained extends Stored<LedgerHead> {
  /** Ids of the entries that stood only for calls that might have landed. */
  struck: string[];
}

/** False when the documents have moved meanwhile: look again. */
export async function endOperation(
  operation: OperationDocument,
  ending: Ending,
  services: Services,
  head?: Drained,
): Promise<boolean> {
  const { store } = services;
  const subject = await readSubject(store, operation.team);
  if (!subject) return false;
  const access = ending.phase === 'succeeded' ? await teamAccessOf(operation, services) : undefined;
  const left = leaveLine(subject.document, operation.id, ending.phase === 'succeeded');
  const { line, starts, dropped } = giveLane(left);
  const after = await subjectAfter(line, operation, ending, access, services);
  const isDone = await store.commit(operation.team, [
    endWrite(operation, ending, services),
    { replace: after, etag: subject.etag },
    ...(await emptyHolder(operation, services, head)),
    ...(starts ? [startWrite(starts, services)] : []),
    ...(await dropWrites(dropped, services)),
    ...endEvents(operation, ending, access, services),
  ]);
  if (!isDone) return false;
  services.log('info', endLine(operation, ending.phase, services));
  await publishAfter(services, operation.team);
  if (starts) await sendNext(starts, services);
  return true;
}

/** Held (kept for investigation) or Stuck (a removal was refused): the lane is kept, the ledger has no holder. */
export async function parkOperation(
  operation: OperationDocument,
  phase: 'held' | 'stuck',
  services: Services,
  head: Drained,
): Promise<boolean> {
  const { store, clock } = services;
  const subject = await readSubject(store, operation.team);
  if (!subject) return false;
  const error = causeOf(operation, {});
  const now = timestamp(clock);
  const isDone = await store.commit(operation.team, [
    {
      patch: operation.id,
      if: asRead(operation),
      set: { '/phase': phase, '/error': error, '/lastUpdatedAt': now },
      unset: ['/wakesAt'],
    },
    { replace: parked(subject.document, phase, error, now), etag: subject.etag },
    ...(await emptyHolder(operation, services, head)),
    failureEvent(operation, phase, error, services),
  ]);
  if (!isDone) return false;
  services.log('error', endLine(operation, phase, services));
  await publishAfter(services, operation.team);
  return true;
}

/** What was decided from: that the operation still stands there. */
function asRead({ attempt, phase, direction, stop }: OperationDocument): Condition {
  const equals = { '/attempt': attempt, '/phase': phase, '/direction': direction, ...(stop && { '/stop': stop }) };
  return { equals, absent: stop ? [] : ['/stop'] };
}

function endWrite(operation: OperationDocument, ending: Ending, { clock }: Services): Write {
  const isForward = ending.phase === 'succeeded' && !operation.pivot;
  const now = timestamp(clock);
  return {
    patch: operation.id,
    if: {
      equals: { '/attempt': operation.attempt, '/phase': operation.phase, ...joinedAsRead(operation).equals },
      absent: [
        ...(isForward ? ['/stop'] : []),
        ...(operation.surveyed === undefined ? ['/surveyed'] : []),
        ...joinedAsRead(operation).absent,
      ],
    },
    set: {
      '/phase': ending.phase,
      '/endedAt': now,
      '/lastUpdatedAt': now,
      ...(ending.phase !== 'succeeded' && { '/error': causeOf(operation, ending) }),
    },
  };
}

/** A condition's part: nobody has begun to listen since the operation was read. */
export const joinedAsRead = ({ joined }: OperationDocument): Required<Pick<Condition, 'equals' | 'absent'>> =>
  joined === undefined ? { equals: {}, absent: ['/joined'] } : { equals: { '/joined': joined }, absent: [] };

/** Only who has claimed the ledger empties it. */
async function emptyHolder(operation: OperationDocument, { store }: Services, drained?: Drained): Promise<Write[]> {
  if (operation.claimed === undefined) return [];
  const head = drained ?? (await readHead(store, operation.team));
  const isOurs = head?.document.holder.startsWith(`${operation.id}/`);
  if (!head || !isOurs) return [];
  const struck = drained?.struck.slice(0, STRUCK_AT_ONCE) ?? [];
  return [
    { replace: { ...head.document, holder: '' }, etag: head.etag },
    ...struck.map((id): Write => ({ remove: id })),
  ];
}

/** A transaction takes a hundred writes; what is over goes with the next end. */
const STRUCK_AT_ONCE = 30;

/** The next in line may begin. */
export const startWrite = ({ operationId }: Placed, { clock }: Services): Write => ({
  patch: operationId,
  if: { equals: { '/phase': 'queued' } },
  set: { '/phase': 'accepted', '/lastUpdatedAt': timestamp(clock) },
});

/** Operations that are taken out of the line without having begun: superseded, or a retry that something newer has overtaken. */
export async function dropWrites(dropped: readonly Placed[], services: Services): Promise<Write[]> {
  const writes: Write[] = [];
  for (const { operationId } of dropped) {
    const operation = (await readOperation(services.store, operationId))?.document;
    if (!operation) continue;
    const ending: Ending = {
      phase: 'canceled',
      error: problem('superseded', `A newer request for "${operation.subject}" has taken its place.`),
    };
    writes.push(endWrite(operation, ending, services), ...endEvents(operation, ending, undefined, services));
  }
  return writes;
}

function causeOf(operation: OperationDocument, { error }: { error?: Problem }): Problem {
  const cause = error ?? operation.error ?? problem('canceled', 'It was canceled; what it had done was undone.');
  return { ...cause, operationId: operation.id };
}

async function subjectAfter(
  line: SubjectDocument,
  operation: OperationDocument,
  ending: Ending,
  access: TeamAccess | undefined,
  services: Services,
): Promise<SubjectDocument> {
  const now = timestamp(services.clock);
  if (line.type === 'model') return { ...modelAfter(line, operation, ending), lastUpdatedAt: now };
  if (ending.phase !== 'succeeded') return { ...line, phase: phaseOf(line), lastUpdatedAt: now };
  const target = (await readFrozenPlan(services.store, operation.id))?.target;
  const intent = target?.kind === 'team-access' ? { spec: target.spec, specHash: operation.specHash ?? '' } : undefined;
  const isEnding = target?.kind === 'nothing' ? undefined : line.isEnding;
  const settled: TeamDocument = { ...line, intent, access, isEnding, lastUpdatedAt: now };
  return { ...settled, phase: phaseOf(settled) };
}

/** A team that has what it once asked for is ready, whatever became of later requests. */
function phaseOf({ intent, lane, queue }: TeamDocument): TeamDocument['phase'] {
  if (intent) return 'Ready';
  return lane || queue.length > 0 ? 'Provisioning' : 'Failed';
}

function modelAfter(model: ModelDocument, operation: OperationDocument, ending: Ending): ModelDocument {
  const isDone = ending.phase === 'succeeded';
  if (operation.kind === 'retire-kaito-model')
    return isDone ? { ...model, phase: 'Absent', members: {}, servedName: undefined } : { ...model, phase: 'Stuck' };
  if (isDone) return { ...model, phase: 'Ready', error: undefined };
  return { ...model, phase: 'Failed', error: causeOf(operation, ending) };
}

function parked<Subject extends SubjectDocument>(
  subject: Subject,
  phase: 'held' | 'stuck',
  error: Problem,
  now: string,
): Subject {
  const word = phase === 'held' ? 'Held' : 'Stuck';
  const ofModel: { phase: ModelPhase; error: Problem } = { phase: 'Stuck', error };
  return { ...subject, isParked: true, lastUpdatedAt: now, ...(subject.type === 'model' ? ofModel : { phase: word }) };
}

const teamAccessOf = async (operation: OperationDocument, services: Services): Promise<TeamAccess | undefined> => {
  const target = (await readFrozenPlan(services.store, operation.id))?.target;
  return target?.kind === 'team-access' ? accessOf(operation, target.spec, services) : undefined;
};

/** For who began it, and for everybody who has joined. */
function endEvents(
  operation: OperationDocument,
  ending: Ending,
  access: TeamAccess | undefined,
  services: Services,
): Write[] {
  const { listeners = [] } = operation;
  return [
    endEvent(operation, ending, access, services),
    ...listeners.map((listener) => endEvent(heardBy(operation, listener), ending, access, services, listener.ticket)),
  ];
}

/** The operation as an event for somebody else than its origin tells of it. */
export const heardBy = (operation: OperationDocument, { ticket, traceparent }: Listener): OperationDocument => ({
  ...operation,
  origin: { ...operation.origin, ticket, traceparent },
});

/** How it ended, once more. `access`: what the team has. */
export const endedEvent = (
  operation: OperationDocument,
  access: TeamAccess | undefined,
  services: Services,
  part?: string,
): Write => endEvent(operation, operation as Ending, access, services, part);

/** `part`: the ticket of a listener. */
function endEvent(
  operation: OperationDocument,
  ending: Ending,
  access: TeamAccess | undefined,
  services: Services,
  part?: string,
): Write {
  const { id, subject, kind } = operation;
  if (ending.phase !== 'succeeded')
    return failureEvent(operation, ending.phase, causeOf(operation, ending), services, part);
  if (kind === 'retire-kaito-model')
    return outboxWrite(services, operation, 'modelRetired', { operationId: id, model: subject });
  if (kind === 'deploy-kaito-model')
    return outboxWrite(services, operation, 'modelReady', { operationId: id, model: subject });
  return outboxWrite(services, operation, 'ready', readyData(operation, access!), part);
}

function failureEvent(
  operation: OperationDocument,
  phase: 'failed' | 'canceled' | 'held' | 'stuck',
  cause: Problem,
  services: Services,
  part?: string,
): Write {
  const { id, subject, team } = operation;
  const data = { operationId: id, phase, problem: cause };
  if (team.startsWith('model_')) return outboxWrite(services, operation, 'modelFailed', { ...data, model: subject });
  if (phase === 'canceled')
    return outboxWrite(services, operation, 'canceled', { operationId: id, team: subject, reason: cause.detail }, part);
  return outboxWrite(services, operation, 'failed', { ...data, team: subject }, part);
}

const readyData = ({ id, subject }: Pick<OperationDocument, 'id' | 'subject'>, { apis, keyReference }: TeamAccess) => ({
  operationId: id,
  team: subject,
  apis: apis.map(({ url, models }) => ({ url, models })),
  keyReference,
});

/** A command that is not sent now is sent by the sweep. */
async function sendNext({ operationId }: Placed, services: Services): Promise<void> {
  const next = (await readOperation(services.store, operationId).catch(() => undefined))?.document;
  if (next) await sendCommand(next, services).catch(() => {});
}

/** One line per end, which the alerts for stuck operations and for time to access read (`bicep/modules/alerts.bicep`). */
function endLine({ id, kind, createdAt }: OperationDocument, phase: string, { clock }: Services): string {
  const seconds = Math.round((clock.now() - Date.parse(createdAt)) / 1000);
  return `Operation ended ${JSON.stringify({ id, kind, phase, seconds })}`;
}
