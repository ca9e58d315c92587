/**
 * What happens to received messages: the function runs on one message or on a batch, while their locks are renewed; then each message is
 * completed, or abandoned so that the broker counts deliveries and dead-letters.
 */
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import type { Clock } from '../../clock.js';
import type { ServiceBusSettings } from '../app-files.js';
import { type AppFunction, textOption } from '../app-functions.js';
import type { InFlight } from '../in-flight.js';
import type { Invoker } from '../invoker.js';
import { type Log, messageOf } from '../log.js';
import { Batches } from './batches.js';
import { keepLocked } from './lock-renewal.js';
import { batchInvocation, messageInvocation } from './messages.js';

export interface ProcessorDependencies {
  clock: Clock;
  invoker: Invoker;
  inFlight: InFlight;
  settings: ServiceBusSettings;
  log: Log;
}

export class MessageProcessor {
  readonly #autoComplete: boolean;
  /** Undefined unless the function takes batches. */
  readonly #batches: Batches | undefined;
  /** Settlements of one receiver go out one after the other: the SDK's AMQP library merges different ones sent in the same tick. */
  #settling: Promise<void> = Promise.resolve();

  /** @param locksMessages false for a session, whose own lock covers its messages */
  constructor(
    private readonly fn: AppFunction,
    private readonly receiver: ServiceBusReceiver,
    private readonly deps: ProcessorDependencies,
    private readonly locksMessages: boolean,
  ) {
    this.#autoComplete =
      (fn.trigger['autoCompleteMessages'] as boolean | undefined) ?? deps.settings.autoCompleteMessages;
    if (takesBatches(fn))
      this.#batches = new Batches(deps.settings.maxMessageBatchSize, (messages) => this.#processBatch(messages));
  }

  /** Resolves when the message has been settled. Never rejects. */
  process(message: ServiceBusReceivedMessage): Promise<void> {
    return this.deps.inFlight.track(() => (this.#batches ? this.#batches.add(message) : this.#processOne(message)));
  }

  async #processOne(message: ServiceBusReceivedMessage): Promise<void> {
    const succeeded = await this.#run([message], () =>
      this.deps.invoker.invoke(this.fn, messageInvocation(message, textOption(this.fn.trigger, 'dataType'))),
    );
    if (!succeeded) await this.#settle(message, 'abandoned');
    else if (this.#autoComplete) await this.#settle(message, 'completed');
  }

  /** Without auto-complete nothing is settled, not even a failed batch: the same as on Azure. */
  async #processBatch(messages: ServiceBusReceivedMessage[]): Promise<void> {
    const succeeded = await this.#run(messages, () => this.deps.invoker.invoke(this.fn, batchInvocation(messages)));
    if (!this.#autoComplete) return;
    for (const message of messages) await this.#settle(message, succeeded ? 'completed' : 'abandoned');
  }

  async #run(messages: ServiceBusReceivedMessage[], invoke: () => Promise<unknown>): Promise<boolean> {
    const renewals = this.locksMessages ? messages.map((message) => this.#keepLocked(message)) : [];
    try {
      await invoke();
      return true;
    } catch {
      return false; // The invoker has logged it.
    } finally {
      for (const stop of renewals) stop();
    }
  }

  async #settle(message: ServiceBusReceivedMessage, outcome: 'completed' | 'abandoned'): Promise<void> {
    const settlement = this.#settling.then(() =>
      outcome === 'completed' ? this.receiver.completeMessage(message) : this.receiver.abandonMessage(message),
    );
    this.#settling = settlement.catch((error: unknown) => {
      const text = `Message "${message.messageId}" of "${this.fn.name}" was not ${outcome} and will come again: ${messageOf(error)}`;
      this.deps.log('warn', 'Host.ServiceBus', text);
    });
    await this.#settling;
  }

  #keepLocked(message: ServiceBusReceivedMessage): () => void {
    const { clock, settings, log } = this.deps;
    return keepLocked(clock, settings.maxAutoLockRenewalMs, {
      lockedUntil: () => message.lockedUntilUtc,
      renew: () => this.receiver.renewMessageLock(message),
      onFailure: (error) =>
        log(
          'warn',
          'Host.ServiceBus',
          `The lock of message "${message.messageId}" was not renewed: ${messageOf(error)}`,
        ),
    });
  }
}

export function takesBatches(fn: AppFunction): boolean {
  return fn.trigger['cardinality'] === 'many';
}
