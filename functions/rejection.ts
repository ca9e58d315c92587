/** What happens to an input that cannot be taken: it is kept in the rejected inbox with its reasons, once, and the ticket is answered. */
import { accessEvent } from '../shared/contracts/events.js';
import { timestamp } from '../shared/kit/clock.js';
import { sha256 } from '../shared/kit/ids.js';
import type { Origin } from '../shared/model/operation.js';
import type { Problem } from '../shared/model/problem.js';
import type { RejectedDocument } from '../shared/store/rejected.js';
import type { Services } from './wiring.js';

/** Enough to recognise the input by; whole inputs may be huge, and nobody has vouched for them. */
const EXCERPT_LENGTH_MAX = 4000;
const MESSAGE_ID_LENGTH_MAX = 256;

export interface Rejection {
  queue: string;
  message: Uint8Array;
  origin: Pick<Origin, 'source' | 'sourceId' | 'ticket' | 'traceparent'>;
  problem: Problem;
  deliveryCount: number;
}

export async function rejectInput(rejection: Rejection, { rejected, publisher, clock }: Services): Promise<void> {
  const { queue, message, origin, problem, deliveryCount } = rejection;
  const { source, sourceId = '', ticket, traceparent } = origin;
  const text = Buffer.from(message).toString('utf8');
  const time = timestamp(clock);
  const document: RejectedDocument = {
    id: sha256(`${queue}\n${source}\n${sourceId}\n${text}`).slice(0, 32),
    queue,
    messageId: sourceId.slice(0, MESSAGE_ID_LENGTH_MAX),
    ticket,
    problem,
    excerpt: text.slice(0, EXCERPT_LENGTH_MAX),
    deliveryCount,
    receivedAt: time,
  };
  await rejected.keep(document);
  const data = { rejectedId: document.id, problem };
  await publisher.publish(accessEvent('rejected', data, { occurrence: document.id, time, ticket, traceparent }));
}
