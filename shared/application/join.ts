/**
 * Who asks for what is under way, or is so already, joins it: remembered under his key in the transaction that makes him a listener, so that he
 * has one answer for ever and hears one end. What has ended tells him at once.
 */
import { hasEnded, type Listener, type OperationDocument, type Origin } from '../model/operation.js';
import { type Problem, problem } from '../model/problem.js';
import type { Decision, TeamDocument } from '../model/team.js';
import { outboxWrite } from './announce.js';
import { readOperation } from './documents.js';
import { heardBy, joinedAsRead, readyData } from './end-operation.js';
import type { Services } from './services.js';
import type { Write } from './store.js';

/** More tickets for one request are a loop at their system's side; the end of an operation is one transaction. */
const LISTENERS_MAX = 50;

/** The operation that he joined; undefined when it has moved meanwhile: read and decide again. `receipt`: what remembers his key. */
export async function join(
  { kind, operationId }: Exclude<Decision, { kind: 'start' }>,
  team: TeamDocument,
  origin: Origin,
  receipt: readonly Write[],
  services: Services,
): Promise<OperationDocument | Problem | undefined> {
  const operation = (await readOperation(services.store, operationId))?.document;
  if (!operation || hasEnded(operation.phase) !== (kind === 'no-change')) return undefined;
  const { ticket } = origin;
  const isHeard = !ticket || [operation.origin, ...(operation.listeners ?? [])].some((one) => one.ticket === ticket);
  if (isHeard && receipt.length === 0) return operation;
  if (!isHeard && operation.listeners?.length === LISTENERS_MAX)
    return problem('queue-full', `${LISTENERS_MAX} tickets wait for "${operation.id}".`, { operationId });
  const listener = isHeard ? undefined : { ticket, traceparent: origin.traceparent };
  const writes =
    kind === 'same' ? livingWrites(operation, listener, services) : endedWrites(operation, listener, team, services);
  return (await services.store.commit(operation.team, [...receipt, ...writes])) ? operation : undefined;
}

/** What moves is joined on condition that it has not ended and that nobody stops it: who asks for what is being undone queues behind it. */
function livingWrites(operation: OperationDocument, listener: Listener | undefined, services: Services): Write[] {
  const { id, joined = 0, listeners = [], phase, subject, steps, type } = operation;
  // Who has only a key changes nothing: the condition is what counts.
  if (!listener) return [{ patch: id, if: { equals: { '/phase': phase }, absent: ['/stop'] }, set: { '/type': type } }];
  const asRead = joinedAsRead(operation);
  const joins: Write = {
    patch: id,
    if: { equals: { '/phase': phase, ...asRead.equals }, absent: ['/stop', ...asRead.absent] },
    set: { '/joined': joined + 1, '/listeners': [...listeners, listener] },
  };
  const data = { operationId: id, team: subject, steps: steps.length };
  return [joins, outboxWrite(services, heardBy(operation, listener), 'accepted', data, listener.ticket)];
}

function endedWrites(
  operation: OperationDocument,
  listener: Listener | undefined,
  { access }: TeamDocument,
  services: Services,
): Write[] {
  if (!listener || !access) return [];
  return [outboxWrite(services, heardBy(operation, listener), 'ready', readyData(operation, access), listener.ticket)];
}
