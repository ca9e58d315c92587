/**
 * The outbox: an event is written in the transaction of what happened, published after it in order, and struck. What is left (the topic was
 * down, the process died) is swept. Publishing is never a condition of the work. An occurrence has one id, so a consumer sees twins.
 */
import type { CloudEvent } from '../contracts/events.js';
import { accessEvent, type EventData, type EventName } from '../contracts/events.js';
import { timestamp } from '../kit/clock.js';
import { nextId } from '../kit/ids.js';
import type { OperationDocument } from '../model/operation.js';
import type { Services } from './services.js';

export interface OutboxDocument {
  id: string;
  team: string;
  type: 'outbox';
  /** Sorts by when it happened. */
  order: string;
  event: CloudEvent;
}

/** What an announcement has to know of its operation; the origin says whom to answer. */
export type Announced = Pick<OperationDocument, 'id' | 'team' | 'attempt' | 'subject' | 'origin'>;

/** The write that goes into the transaction. `part` tells occurrences of one kind apart: the step, or another ticket. */
export function outboxWrite<Name extends EventName>(
  { clock }: Pick<Services, 'clock'>,
  { id, team, attempt, subject, origin: { ticket, traceparent } }: Announced,
  name: Name,
  data: EventData<Name>,
  part?: string,
): { create: OutboxDocument } {
  const occurrence = [id, attempt, part].filter((piece) => piece !== undefined).join('/');
  const event = accessEvent(name, data, { occurrence, time: timestamp(clock), subject, ticket, traceparent });
  return { create: { id: `event_${event.id}`, team, type: 'outbox', order: nextId(clock.now()), event } };
}

/** Publishes and strikes everything that waits in a subject's outbox, oldest first; throws when the topic or the store does not answer. */
export async function publishOutbox({ store, publisher }: Services, partition: string): Promise<void> {
  const waiting = await store.listIn<OutboxDocument>(partition, 'outbox');
  waiting.sort((a, b) => (a.document.order < b.document.order ? -1 : 1));
  for (const { document } of waiting) {
    await publisher.publish(document.event);
    await store.commit(partition, [{ remove: document.id }]);
  }
  behind.delete(partition);
}

/** Subjects whose outbox this process knows to hold something older: what comes next waits behind it. */
const behind = new Set<string>();

/** Publishes and strikes the one event that a transaction has just written, without looking for others. */
export async function publishWritten(
  services: Services,
  { create: document }: { create: OutboxDocument },
): Promise<void> {
  const { team } = document;
  // Each try would hold the step up for as long as the topic does not answer; the sweep, or the operation's end, tries again.
  if (behind.has(team)) return;
  try {
    await services.publisher.publish(document.event);
    await services.store.commit(team, [{ remove: document.id }]);
  } catch (error) {
    behind.add(team);
    services.log(
      'warn',
      `An event of "${team}" waits for the sweep: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** After a transaction: publishes what it wrote. A failure is the sweep's business, which keeps the order. */
export async function publishAfter(services: Services, partition: string): Promise<void> {
  await publishOutbox(services, partition).catch((error: unknown) =>
    services.log(
      'warn',
      `Events of "${partition}" wait for the sweep: ${error instanceof Error ? error.message : error}`,
    ),
  );
}
