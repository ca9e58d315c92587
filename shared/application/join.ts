/**
 * Who asks for what is under way, or is so already, joins it: remembered under his key in the transaction that makes him a listener, so that he
 * has one answer for ever and hears one end. What has ended tells him at once.
 */
import { hasEnded, type Listener, type OperationDocument, type Origin } from '../model/operation.js';
import { type Problem, problem } from '../model/problem.js';
import type { Decision, TeamAccess, TeamDocument } from '../model/team.js';
import { outboxWrite } from './announce.js';
import { readOperation, readTeam } from './documents.js';
import { endedEvent, heardBy, joinedAsRead } from './end-operation.js';
import { claimWrites, type RequestKey } from './receipts.js';
import type { Services } from './services.js';
import type { Write } from './store.js';

/** More tickets for one request are a loop at their system's side; the end of an operation is one transaction. */
export const LISTENERS_MAX = 50;

/** The operation that he joined; undefined when it has moved meanwhile: read and decide again. */
export async function join(
  { kind, operationId }: Exclude<Decision, { kind: 'start' }>,
  team: TeamDocument,
  origin: Origin,
  key: RequestKey | undefined,
  services: Services,
): Promise<OperationDocument | Problem | undefined> {
  const operation = (await readOperation(services.store, operationId))?.document;
  if (!operation || hasEnded(operation.phase) !== (kind === 'no-change')) return undefined;
  const { ticket, traceparent } = origin;
  const isLiving = kind === 'same';
  const listener = ticket && !isToldOf(operation, ticket) ? { ticket, traceparent } : undefined;
  if (isLiving && listener && operation.listeners?.length === LISTENERS_MAX)
    return problem('queue-full', `${LISTENERS_MAX} tickets wait for "${operation.id}".`, { operationId });
  const writes = [
    ...claimWrites(key, operation),
    ...(isLiving ? [joinWrite(operation, listener)] : []),
    ...answerWrites(operation, origin, listener ? ticket : key?.key, team.access, services),
  ];
  if (writes.length === 0) return operation;
  return (await services.store.commit(operation.team, writes)) ? operation : undefined;
}

const isToldOf = ({ origin, listeners = [] }: OperationDocument, ticket: string): boolean =>
  [origin, ...listeners].some((one) => one.ticket === ticket);

/** What moves is joined on condition that it has not ended and that nobody stops it: who asks for what is being undone queues behind it. */
function joinWrite(operation: OperationDocument, listener: Listener | undefined): Write {
  const { id, joined = 0, listeners = [], phase, type } = operation;
  // Who is told already changes nothing: the condition is what counts.
  if (!listener) return { patch: id, if: { equals: { '/phase': phase }, absent: ['/stop'] }, set: { '/type': type } };
  const asRead = joinedAsRead(operation);
  return {
    patch: id,
    if: { equals: { '/phase': phase, ...asRead.equals }, absent: ['/stop', ...asRead.absent] },
    set: { '/joined': joined + 1, '/listeners': [...listeners, listener] },
  };
}

/** The answer that is true now, for a ticket: it goes on, or how it ended. `part` tells it from the answers to others. */
function answerWrites(
  operation: OperationDocument,
  { ticket, traceparent }: Origin,
  part: string | undefined,
  access: TeamAccess | undefined,
  services: Services,
): Write[] {
  if (!ticket) return [];
  const { id, subject, steps } = operation;
  const heard = heardBy(operation, { ticket, traceparent });
  if (operation.phase === 'succeeded' && !access) return [];
  if (hasEnded(operation.phase)) return [endedEvent(heard, access, services, part)];
  return [outboxWrite(services, heard, 'accepted', { operationId: id, team: subject, steps: steps.length }, part)];
}

/** Who sends the same again gets the answer again, as it is now. */
export async function tellAgain(operation: OperationDocument, origin: Origin, services: Services): Promise<void> {
  const { ticket } = origin;
  const team = ticket && (await readTeam(services.store, operation.team))?.document;
  if (!team) return;
  const part = operation.origin.ticket === ticket ? undefined : ticket;
  const writes = answerWrites(operation, origin, part, team.access, services);
  // An answer that still waits in the outbox is on its way anyhow.
  if (writes.length > 0) await services.store.commit(operation.team, writes);
}
