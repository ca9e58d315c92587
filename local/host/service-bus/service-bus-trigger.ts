/** Service Bus triggers (queue, subscription, dead-letter queue; with or without sessions; single messages or batches), with the real SDK. */
import { type AppFunction, textOption } from '../app-functions.js';
import type { ServiceBusConnections } from './connections.js';
import { type ProcessorDependencies, takesBatches } from './message-processor.js';
import { ReceiverSource } from './receiver-source.js';
import { SessionSource } from './session-source.js';

export interface ServiceBusDependencies extends ProcessorDependencies {
  connections: ServiceBusConnections;
}

export class ServiceBusTrigger {
  readonly #source: ReceiverSource | SessionSource;

  /** Throws for options that make no sense and for missing settings. */
  constructor(
    private readonly fn: AppFunction,
    private readonly deps: ServiceBusDependencies,
  ) {
    const Source = fn.trigger['isSessionsEnabled'] === true ? SessionSource : ReceiverSource;
    this.#source = new Source(fn, deps.connections.client(textOption(fn.trigger, 'connection')), deps);
  }

  start(): void {
    this.#source.start();
  }

  /** Takes no more messages; those under way are still settled. */
  async stop(): Promise<void> {
    await this.#source.stop();
  }

  /** Runs the function with a text instead of a message. */
  async runNow(body: string): Promise<void> {
    const data = takesBatches(this.fn) ? { collectionString: { string: [body] } } : { string: body };
    await this.deps.invoker.invoke(this.fn, { data });
  }
}
