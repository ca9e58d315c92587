/** Sends hai's own messages: commands to itself and events to the world. Senders are opened once and kept. */
import type { ServiceBusClient, ServiceBusMessage, ServiceBusSender } from '@azure/service-bus';
import { azureCall } from '../azure/azure-error.js';
import { lazy } from '../kit/lazy.js';

/** An event as the adapter sees it: what it must know to address it. */
export interface OutgoingEvent {
  id: string;
  type: string;
  subject?: string;
  ticket?: string;
  traceparent?: string;
}

export interface BusNames {
  requests: string;
  commands: string;
  events: string;
}

export function publisher(client: () => ServiceBusClient, { requests, commands, events }: BusNames) {
  const requestSender = lazy(() => client().createSender(requests));
  const commandSender = lazy(() => client().createSender(commands));
  const eventSender = lazy(() => client().createSender(events));

  return {
    /** The broker drops a second message of the same id within its window. */
    async sendCommand(body: object, messageId: string): Promise<void> {
      await send(commandSender(), { body, messageId, contentType: 'application/json' });
    },

    /** Somebody's request, which hai takes later. */
    async sendRequest(message: ServiceBusMessage): Promise<void> {
      await send(requestSender(), message);
    },

    /** Ticket and type travel as application properties too, so that subscriptions can filter on them. */
    async publish(event: OutgoingEvent): Promise<void> {
      const { id, type, subject, ticket, traceparent } = event;
      await send(eventSender(), {
        body: event,
        messageId: id,
        subject,
        correlationId: ticket,
        contentType: 'application/cloudevents+json',
        applicationProperties: { type, ...(ticket && { ticket }), ...(traceparent && { traceparent }) },
      });
    },

    /** Opens the link to the command queue; throws when the bus does not answer. */
    async check(): Promise<void> {
      await azureCall('bus', 'reach the command queue', () => commandSender().createMessageBatch());
    },
  };
}

const send = (sender: ServiceBusSender, message: ServiceBusMessage): Promise<void> =>
  azureCall('bus', `send to "${sender.entityPath}"`, () => sender.sendMessages(message));
