/** A ticketing system, with the plain Service Bus SDK: files a request with its ticket id, and reads what is said about the ticket. */
import { ServiceBusClient } from '@azure/service-bus';
import type { CloudEvent } from '../../shared/contracts/events.js';

const REQUESTS = 'access-requests';
const EVENTS = 'access-events';
const SUBSCRIPTION = 'tickets';

export interface Ticketing {
  file(ticket: string, document: string): Promise<void>;
  /** Events of a ticket so far, in the order in which they came. */
  eventsOf(ticket: string): CloudEvent[];
  /** The first event of a type for the ticket; throws after `limitMs` of real time. */
  waitFor(ticket: string, type: string, limitMs: number): Promise<CloudEvent>;
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 50;

export function ticketing(connectionString: string): Ticketing {
  const client = new ServiceBusClient(connectionString);
  const sender = client.createSender(REQUESTS);
  const receiver = client.createReceiver(EVENTS, SUBSCRIPTION);
  const events: CloudEvent[] = [];
  let failure: Error | undefined;
  receiver.subscribe({
    processMessage: async ({ body }) => {
      events.push(body as CloudEvent);
    },
    processError: async ({ error }) => {
      failure = error;
    },
  });
  const eventsOf = (ticket: string) => events.filter((event) => event.ticket === ticket);

  return {
    eventsOf,
    async file(ticket, document) {
      await sender.sendMessages({
        body: document,
        contentType: 'application/yaml',
        messageId: `${ticket}-1`,
        applicationProperties: { ticket },
      });
    },
    async waitFor(ticket, type, limitMs) {
      const endsAt = performance.now() + limitMs;
      while (performance.now() < endsAt) {
        if (failure) throw failure;
        const found = eventsOf(ticket).find((event) => event.type === type);
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
      throw new Error(`No event ${type} for ticket ${ticket} after ${limitMs / 1000} s`);
    },
    async close() {
      await receiver.close();
      await client.close();
    },
  };
}
