/**
 * Operations of an entity's `$management` node: peek, schedule, cancel, renew a lock, and settle without the link that
 * delivered.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response
 */
import { types } from 'rhea';
import type { Namespace } from '../engine/namespace.js';
import type { Queue } from '../engine/queue.js';
import { BrokerError, entityNotFound, notImplemented } from '../errors.js';
import { readMessage, writeMessage } from './codec.js';
import { refuseTooLarge } from './inbound-link.js';
import { fromUuidBytes } from './lock-token.js';
import type { Answer, Request } from './request-node.js';

/** AMQP type codes of array elements. */
const LONG = 0x81;
const TIMESTAMP = 0x83;

const OPERATION_PREFIX = 'com.microsoft:';

/** A peek may return less than was asked for; the answer is one AMQP message, so it ends after about this much. */
const PEEK_MAX_BYTES = 1024 * 1024;

type Body = Record<string, unknown>;

export interface ManagementContext {
  namespace: Namespace;
  /** World time, epoch milliseconds. */
  now(): number;
}

type Operation = (context: ManagementContext, path: string, body: Body) => Answer;

const OPERATIONS: Record<string, Operation> = {
  'peek-message': peek,
  'schedule-message': schedule,
  'cancel-scheduled-message': cancelScheduled,
  'renew-lock': renewLocks,
  'update-disposition': updateDisposition,
};

/** Carries out one request to the entity at `path`. @throws BrokerError */
export function manage(context: ManagementContext, path: string, request: Request): Answer {
  const name = String(request.application_properties?.['operation'] ?? '');
  const operation = OPERATIONS[name.replace(OPERATION_PREFIX, '')];
  if (!operation) throw notImplemented(`the management operation '${name}'`);
  return operation(context, path, (request.body ?? {}) as Body);
}

/** Scheduled messages are seen too; behind a topic they are still in the topic. */
function peek({ namespace }: ManagementContext, path: string, body: Body): Answer {
  const queue = namespace.findQueue(path);
  const scheduled = namespace.findIntake(path)?.scheduled;
  if (!queue && !scheduled) throw entityNotFound(path);
  const from = toNumber(body['from-sequence-number']);
  const count = toNumber(body['message-count']);
  const found = [...(queue?.messages.values() ?? []), ...(scheduled?.values() ?? [])]
    .filter((message) => message.sequence >= from)
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

function schedule({ namespace }: ManagementContext, path: string, body: Body): Answer {
  const intake = namespace.intakeAt(path);
  const drafts = (body['messages'] as { message: Buffer }[]).map(({ message }) => {
    refuseTooLarge(message, intake.path);
    return readMessage(message);
  });
  const sequences = drafts.map((draft) => intake.schedule(draft));
  return { status: 200, body: { 'sequence-numbers': types.wrap_array(sequences, LONG, undefined) } };
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
  } else if (status === 'defered') throw notImplemented('deferral of messages');
  else throw new BrokerError('com.microsoft:argument-error', `Unknown disposition-status '${String(status)}'.`);
}

function lockTokens(body: Body): string[] {
  return (body['lock-tokens'] as Buffer[]).map(fromUuidBytes);
}

/** Longs arrive as number, or as eight bytes when they are large. */
function toNumber(value: unknown): number {
  return Buffer.isBuffer(value) ? Number(value.readBigInt64BE()) : Number(value);
}
