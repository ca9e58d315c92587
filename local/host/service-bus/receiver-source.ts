/** Takes messages from a queue or subscription without sessions, several at once. */
import type { MessageHandlers, ServiceBusClient, ServiceBusReceiver } from '@azure/service-bus';
import type { AppFunction } from '../app-functions.js';
import { messageOf } from '../log.js';
import { entityPath } from './entity-path.js';
import { MessageProcessor, type ProcessorDependencies, takesBatches } from './message-processor.js';

/** Told when the link is open; the SDK (7.9.5) has it for its own use and does not list it among `MessageHandlers`. */
interface OpenHandler {
  postInitialize(): Promise<void>;
}

export class ReceiverSource {
  readonly #receiver: ServiceBusReceiver;
  readonly #processor: MessageProcessor;
  #subscription: { close(): Promise<void> } | undefined;

  constructor(
    private readonly fn: AppFunction,
    client: ServiceBusClient,
    private readonly deps: ProcessorDependencies,
  ) {
    this.#receiver = createReceiver(fn, client);
    this.#processor = new MessageProcessor(fn, this.#receiver, deps, true);
  }

  /** Counts as work until the link is open or has failed once, so that explicit time doesn't pass before. */
  start(): void {
    const { settings, inFlight, log } = this.deps;
    const opened = inFlight.begin();
    const handlers: MessageHandlers & OpenHandler = {
      processMessage: (message) => this.#processor.process(message),
      processError: async ({ error, errorSource, entityPath: path }) => {
        opened();
        log('warn', 'Host.ServiceBus', `${path} (${errorSource}): ${messageOf(error)}`);
      },
      postInitialize: async () => {
        setImmediate(opened); // The SDK gives its credit right after this.
      },
    };
    const maxConcurrentCalls = takesBatches(this.fn) ? settings.maxMessageBatchSize : settings.maxConcurrentCalls;
    this.#subscription = this.#receiver.subscribe(handlers, { autoCompleteMessages: false, maxConcurrentCalls });
  }

  /** Takes no more messages; those under way are still settled. */
  async stop(): Promise<void> {
    await this.#subscription?.close();
  }
}

function createReceiver(fn: AppFunction, client: ServiceBusClient): ServiceBusReceiver {
  const { path, isDeadLetter } = entityPath(fn);
  const options = {
    receiveMode: 'peekLock',
    skipParsingBodyAsJson: true,
    maxAutoLockRenewalDurationInMs: 0,
    subQueueType: isDeadLetter ? 'deadLetter' : undefined,
  } as const;
  return path.length === 1 ? client.createReceiver(path[0], options) : client.createReceiver(...path, options);
}
