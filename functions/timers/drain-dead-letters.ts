/** Every minute: moves poison messages from the dead letters into the rejected inbox, where people look. */

import { app, type InvocationContext } from '@azure/functions';
import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { TICKET_PROPERTY, TicketSchema } from '../../shared/contracts/messages.js';
import { problem } from '../../shared/model/problem.js';
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

async function drain(queue: string): Promise<number> {
  const receiver = services().bus().createReceiver(queue, { subQueueType: 'deadLetter' });
  try {
    // A look costs one round trip; a receive on an empty queue waits its whole time.
    if ((await receiver.peekMessages(1)).length === 0) return 0;
    const messages = await receiver.receiveMessages(BATCH_SIZE, { maxWaitTimeInMs: WAIT_MS });
    for (const message of messages) {
      await keep(queue, message);
      await receiver.completeMessage(message);
    }
    return messages.length;
  } finally {
    await receiver.close();
  }
}

async function keep(queue: string, message: ServiceBusReceivedMessage): Promise<void> {
  const { body, messageId, applicationProperties, deliveryCount, deadLetterReason, deadLetterErrorDescription } =
    message;
  const ticket = TicketSchema.safeParse(applicationProperties?.[TICKET_PROPERTY]);
  const reason = [deadLetterReason, deadLetterErrorDescription].filter(Boolean).join(': ') || 'unknown';
  await rejectInput(
    {
      queue,
      message: body,
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
