/**
 * Every minute: empties the dead letters. A request is taken there as on its queue, since what killed its worker, or kept the store from answering,
 * was not its fault; a command that nobody wants any more is dropped; everything else is moved into the rejected inbox, where people look.
 */

import { app, type InvocationContext } from '@azure/functions';
import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { isWanted } from '../../shared/application/commands.js';
import { readOperation } from '../../shared/application/documents.js';
import { RunOperationSchema, TICKET_PROPERTY, TicketSchema } from '../../shared/contracts/messages.js';
import { jsonOrNothing } from '../../shared/kit/json.js';
import { ProblemError, problem } from '../../shared/model/problem.js';
import { ServiceError } from '../../shared/model/service-error.js';
import { takeMessage } from '../bus/receive-access-request.js';
import { rejectInput } from '../rejection.js';
import { QUEUES, services } from '../wiring.js';

/** Messages per queue and minute; the next minute takes the rest. */
const BATCH_SIZE = 20;
/** What was seen is delivered at once; this bounds a broker that does not. */
const WAIT_MS = 500;

app.timer('drain-dead-letters', { schedule: '30 * * * * *', handler: drainDeadLetters });

async function drainDeadLetters(_timer: unknown, context: InvocationContext): Promise<void> {
  for (const queue of Object.values(QUEUES)) {
    const moved = await drain(queue);
    if (moved > 0) context.warn(`Moved ${moved} poison messages of "${queue}" into the rejected inbox`);
  }
}

/** Queues where a message was seen and not handled: the SDK's next look begins behind what it has seen, whoever looks, and would miss it. */
const unfinished = new Set<string>();

/** How many had to be moved. */
async function drain(queue: string): Promise<number> {
  const receiver = services().bus().createReceiver(queue, { subQueueType: 'deadLetter', skipParsingBodyAsJson: true });
  let left: ServiceBusReceivedMessage[] = [];
  let moved = 0;
  try {
    // A look costs one round trip; a receive on an empty queue waits its whole time.
    if (!unfinished.has(queue) && (await receiver.peekMessages(1)).length === 0) return 0;
    unfinished.add(queue);
    left = await receiver.receiveMessages(BATCH_SIZE, { maxWaitTimeInMs: WAIT_MS });
    const received = left.length;
    for (let message = left[0]; message; message = left[0]) {
      const isDone = queue === QUEUES.requests ? await isTaken(message) : await isObsolete(message);
      if (!isDone) {
        await keep(queue, message);
        moved++;
      }
      await receiver.completeMessage(message);
      left.shift();
    }
    if (received > 0) unfinished.delete(queue);
    return moved;
  } finally {
    await Promise.allSettled(left.map((message) => receiver.abandonMessage(message)));
    await receiver.close();
  }
}

/** False for what nobody can take; throws when the store does not answer: it is looked at again in a minute. */
async function isTaken({ body, ...metadata }: ServiceBusReceivedMessage): Promise<boolean> {
  try {
    await takeMessage(bytesOf(body), metadata);
    return true;
  } catch (error) {
    if (error instanceof ServiceError || error instanceof ProblemError) throw error;
    return false;
  }
}

/** A command that came too late: whoever is to start is sent another by the sweep, and the others want none. */
async function isObsolete({ body, deadLetterReason }: ServiceBusReceivedMessage): Promise<boolean> {
  const command = RunOperationSchema.safeParse(jsonOrNothing(bytesOf(body).toString('utf8')));
  if (!command.success) return false;
  if (deadLetterReason === EXPIRED) return true;
  const operation = (await readOperation(services().store, command.data.operationId))?.document;
  return operation !== undefined && !isWanted(command.data, operation);
}

/** Reason that Service Bus gives to what its time to live has dead-lettered. */
const EXPIRED = 'TTLExpiredException';

async function keep(queue: string, message: ServiceBusReceivedMessage): Promise<void> {
  const { body, messageId, applicationProperties, deliveryCount, deadLetterReason, deadLetterErrorDescription } =
    message;
  const ticket = TicketSchema.safeParse(applicationProperties?.[TICKET_PROPERTY]);
  const reason = [deadLetterReason, deadLetterErrorDescription].filter(Boolean).join(': ') || 'unknown';
  await rejectInput(
    {
      queue,
      message: bytesOf(body),
      origin: { source: `dead-letters:${queue}`, sourceId: String(messageId ?? ''), ticket: ticket.data },
      problem: problem(
        'unexpected-error',
        `The message could not be handled after ${deliveryCount ?? 0} deliveries (${reason}).`,
      ),
      deliveryCount: deliveryCount ?? 0,
    },
    services(),
  );
}

/** Somebody may have sent an AMQP value instead of bytes. */
const bytesOf = (body: unknown): Buffer => (Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body) ?? ''));
