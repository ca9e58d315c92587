/**
 * Operations of an entity's `$management` node: peek, schedule, cancel, renew a lock, settle without the link that
 * delivered, receive deferred messages, session state, rules.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response
 */
import { types } from 'rhea';
import type { Namespace } from '../engine/namespace.js';
import type { Queue } from '../engine/queue.js';
import { BrokerError, entityNotFound, notImplemented } from '../errors.js';
import { type BrokerFaults, refuseWhileDown } from '../faults.js';
import type { BrokerLimits } from '../limits.js';
import { readMessage, writeMessage } from './codec.js';
import { refuseTooLarge } from './inbound-link.js';
import { fromUuidBytes, toUuidBytes } from './lock-token.js';
import type { Answer, Request } from './request-node.js';
import { addRule, listRules, removeRule } from './rule-requests.js';

/** AMQP type codes of array elements. */
const LONG = 0x81;
const TIMESTAMP = 0x83;

/** `receiver-settle-mode` of a receiver that deletes what it receives. */
const SETTLE_FIRST = 0;

const OPERATION_PREFIX = 'com.microsoft:';

/** The sender's side of an entity. */
const SENDING = new Set(['schedule-message', 'cancel-scheduled-message'].map((name) => OPERATION_PREFIX + name));

/** A peek may return less than was asked for; the answer is one AMQP message, so it ends after about this much. */
const PEEK_MAX_BYTES = 1024 * 1024;

type Body = Record<string, unknown>;

export interface ManagementContext {
  namespace: Namespace;
  /** World time, epoch milliseconds. */
  now(): number;
  faults: BrokerFaults;
  limits: BrokerLimits;
}

/** @param linkName The receiver that the request belongs to, if it says so. */
type Operation = (context: ManagementContext, path: string, body: Body, linkName: string | undefined) => Answer;

const OPERATIONS: Record<string, Operation> = {
  'peek-message': peek,
  'schedule-message': schedule,
  'cancel-scheduled-message': cancelScheduled,
  'renew-lock': renewLocks,
  'update-disposition': updateDisposition,
  'receive-by-sequence-number': receiveDeferred,
  'renew-session-lock': renewSessionLock,
  'get-session-state': getSessionState,
  'set-session-state': setSessionState,
  'add-rule': ({ namespace }, path, body) => addRule(namespace.rulesAt(path), body),
  'remove-rule': ({ namespace }, path, body) => removeRule(namespace.rulesAt(path), body),
  'enumerate-rules': ({ namespace }, path, body) => listRules(namespace.rulesAt(path), body),
};

/** Carries out one request to the entity at `path`. @throws BrokerError */
export function manage(context: ManagementContext, path: string, request: Request): Answer {
  const name = String(request.application_properties?.['operation'] ?? '');
  const operation = OPERATIONS[name.replace(OPERATION_PREFIX, '')];
  if (!operation) throw notImplemented(`the management operation '${name}'`);
  refuseWhileDown(context.faults, SENDING.has(name) ? 'send' : 'receive', path, context.now());
  const linkName = request.application_properties?.['associated-link-name'] as string | undefined;
  return operation(context, path, (request.body ?? {}) as Body, linkName);
}

/** Scheduled messages are seen too; behind a topic they are still in the topic. */
function peek({ namespace }: ManagementContext, path: string, body: Body): Answer {
  const queue = namespace.findQueue(path);
  const scheduled = namespace.findIntake(path)?.scheduled;
  if (!queue && !scheduled) throw entityNotFound(path);
  const from = toNumber(body['from-sequence-number']);
  const count = toNumber(body['message-count']);
  const sessionId = body['session-id'] ?? undefined;
  const found = [...(queue?.messages.values() ?? []), ...(scheduled?.values() ?? [])]
    .filter(({ sequence, draft }) => sequence >= from && (sessionId === undefined || draft.sessionId === sessionId))
    .sort((left, right) => left.sequence - right.sequence)
    .slice(0, count);
  if (found.length === 0) return { status: 204 };
  const messages: { message: Buffer }[] = [];
  for (let index = 0, bytes = 0; index < found.length && bytes < PEEK_MAX_BYTES; index++) {
    const message = writeMessage(found[index]!, { scheduled: scheduled?.has(found[index]!.sequence) });
    messages.push({ message });
    bytes += message.length;
  }
  return { status: 200, body: { messages } };
}

function schedule({ namespace, limits }: ManagementContext, path: string, body: Body): Answer {
  const intake = namespace.intakeAt(path);
  const drafts = (body['messages'] as { message: Buffer }[]).map(({ message }) => {
    refuseTooLarge(message, intake.path, limits.messageBytes);
    return readMessage(message);
  });
  return { status: 200, body: { 'sequence-numbers': types.wrap_array(intake.schedule(drafts), LONG, undefined) } };
}

function cancelScheduled({ namespace }: ManagementContext, path: string, body: Body): Answer {
  const intake = namespace.intakeAt(path);
  for (const sequence of body['sequence-numbers'] as unknown[]) intake.cancel(toNumber(sequence));
  return { status: 200 };
}

function renewLocks({ namespace, now }: ManagementContext, path: string, body: Body): Answer {
  const queue = namespace.queueAt(path);
  const expirations = lockTokens(body).map((lockToken) => now() + queue.renew(lockToken));
  return { status: 200, body: { expirations: types.wrap_array(expirations, TIMESTAMP, undefined) } };
}

function updateDisposition({ namespace }: ManagementContext, path: string, body: Body): Answer {
  const queue = namespace.queueAt(path);
  for (const lockToken of lockTokens(body)) settle(queue, lockToken, body);
  return { status: 200 };
}

function settle(queue: Queue, lockToken: string, body: Body): void {
  const changes = body['properties-to-modify'] as Record<string, unknown> | undefined;
  const status = body['disposition-status'];
  if (status === 'completed') queue.complete(lockToken);
  else if (status === 'abandoned') queue.abandon(lockToken, changes);
  else if (status === 'suspended') {
    queue.deadLetter(lockToken, body['deadletter-reason'], body['deadletter-description'], changes);
  } else if (status === 'defered') queue.defer(lockToken, changes);
  else throw new BrokerError('com.microsoft:argument-error', `Unknown disposition-status '${String(status)}'.`);
}

function receiveDeferred({ namespace, now }: ManagementContext, path: string, body: Body, linkName?: string): Answer {
  const queue = namespace.queueAt(path);
  const sequences = (body['sequence-numbers'] as unknown[]).map(toNumber);
  const request = { sequences, sessionId: body['session-id'] as string | undefined, linkName };
  if (toNumber(body['receiver-settle-mode']) === SETTLE_FIRST) {
    const deleted = queue.takeAndDeleteDeferred(request).map((message) => ({ message: writeMessage(message) }));
    return { status: 200, body: { messages: deleted } };
  }
  const messages = queue.takeDeferred(request).map(({ message, lockToken, lockedForMs }) => ({
    'lock-token': types.wrap_uuid(toUuidBytes(lockToken)),
    message: writeMessage(message, { lockedUntilMs: now() + lockedForMs }),
  }));
  return { status: 200, body: { messages } };
}

function renewSessionLock({ namespace, now }: ManagementContext, path: string, body: Body, linkName?: string): Answer {
  const remainingMs = namespace.queueAt(path).requireSessions().renew(sessionIdOf(body), linkName);
  return { status: 200, body: { expiration: types.wrap_timestamp(now() + remainingMs) } };
}

function getSessionState({ namespace }: ManagementContext, path: string, body: Body, linkName?: string): Answer {
  const state = namespace.queueAt(path).requireSessions().state(sessionIdOf(body), linkName);
  return { status: 200, body: { 'session-state': state ?? null } };
}

function setSessionState(
  { namespace, limits }: ManagementContext,
  path: string,
  body: Body,
  linkName?: string,
): Answer {
  const sessions = namespace.queueAt(path).requireSessions();
  const state = (body['session-state'] ?? undefined) as Buffer | undefined;
  if (state) refuseTooLarge(state, path, limits.messageBytes);
  // A copy, because rhea gives out a piece of its receive buffer.
  sessions.setState(sessionIdOf(body), state && Buffer.from(state), linkName);
  return { status: 200 };
}

function sessionIdOf(body: Body): string {
  return String(body['session-id'] ?? '');
}

function lockTokens(body: Body): string[] {
  return (body['lock-tokens'] as Buffer[]).map(fromUuidBytes);
}

/** Longs arrive as number, or as eight bytes when they are large. */
function toNumber(value: unknown): number {
  return Buffer.isBuffer(value) ? Number(value.readBigInt64BE()) : Number(value);
}
