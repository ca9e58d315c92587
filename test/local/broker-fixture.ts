/**
 * What the broker's tests share: a broker on an explicit clock with the real SDK as its client, retries off so that
 * none hides a failure.
 */
import { ServiceBusClient, type ServiceBusReceivedMessage, type ServiceBusReceiver } from '@azure/service-bus';
import { type Clock, type ExplicitClock, explicitClock } from '../../local/clock.js';
import { type Broker, type BrokerOptions, startBroker } from '../../local/world/broker/index.js';

export interface Bench {
  broker: Broker;
  client: ServiceBusClient;
  clock: ExplicitClock;
  log: string[];
}

interface Entities {
  Queues?: unknown[];
  Topics?: unknown[];
}

/** Real time in which a message that is there arrives; an empty receive costs this much. */
export const ARRIVES_WITHIN_MS = 100;

export function configOf(entities: Entities): unknown {
  return { UserConfig: { Namespaces: [{ Name: 'sbemulatorns', ...entities }] } };
}

/** Closed after each test, the last one first, so that a failed test leaves nothing running. */
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const item of opened.splice(0).reverse()) await item.close();
});

export function closeAfterTest(item: { close(): Promise<void> }): void {
  opened.push(item);
}

export async function openBroker(options: BrokerOptions): Promise<Broker> {
  const broker = await startBroker(options);
  closeAfterTest(broker);
  return broker;
}

export function connect({ connectionString }: Pick<Broker, 'connectionString'>, timeoutInMs = 5_000): ServiceBusClient {
  const client = new ServiceBusClient(connectionString, { retryOptions: { maxRetries: 0, timeoutInMs } });
  closeAfterTest(client);
  return client;
}

export async function openBench(entities: Entities, options: Partial<BrokerOptions> = {}): Promise<Bench> {
  const clock = explicitClock();
  const log: string[] = [];
  const broker = await openBroker({
    clock,
    config: configOf(entities),
    log: (level, message) => log.push(`${level}: ${message}`),
    ...options,
  });
  return { broker, clock, log, client: connect(broker) };
}

/** The clock without its wait for the broker: for tests in which a live receiver holds a lock while time passes. */
export function withoutWaiting(clock: Clock): Clock {
  return { ...clock, watch: () => () => {} };
}

/** Receives one message and fails the test if none comes. */
export async function receiveOne(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 2_000 });
  if (!message) throw new Error(`No message arrived from ${receiver.entityPath}`);
  return message;
}

/** Receives everything that is there, settled at once. */
export async function receiveAll(client: ServiceBusClient, path: string): Promise<ServiceBusReceivedMessage[]> {
  const receiver = client.createReceiver(path, { receiveMode: 'receiveAndDelete' });
  const messages: ServiceBusReceivedMessage[] = [];
  for (let isEmpty = false; !isEmpty; ) {
    const more = await receiver.receiveMessages(100, { maxWaitTimeInMs: ARRIVES_WITHIN_MS });
    messages.push(...more);
    isEmpty = more.length === 0;
  }
  await receiver.close();
  return messages;
}
