/**
 * Service Bus triggers (queue, subscription, dead-letter queue): receive with the real SDK under peek-lock, complete when the function succeeds,
 * abandon when it throws, so that the broker counts deliveries and dead-letters.
 */
import type { MessageHandlers, ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import type { Clock } from '../../clock.js';
import type { HostFile } from '../app-files.js';
import { type AppFunction, textOption } from '../app-functions.js';
import type { InFlight } from '../in-flight.js';
import type { Invoker } from '../invoker.js';
import { type Log, messageOf } from '../log.js';
import type { ServiceBusConnections } from './connections.js';
import { bodyData, triggerMetadata } from './messages.js';

/** A lock is renewed after this share of its time, which leaves room for one failed attempt. */
const RENEW_AT_SHARE = 0.5;

/** Shortest pause between renewals: a broker that hands out tiny locks must not be flooded. */
const RENEW_PAUSE_MIN_MS = 500;

const DEAD_LETTER_SUFFIX = /\/\$deadletterqueue$/i;

/** Told when the link is open; the SDK (7.9.5) has it for its own use and does not list it among `MessageHandlers`. */
interface OpenHandler {
  postInitialize(): Promise<void>;
}

export interface ServiceBusDependencies {
  clock: Clock;
  connections: ServiceBusConnections;
  invoker: Invoker;
  inFlight: InFlight;
  settings: HostFile['serviceBus'];
  log: Log;
}

export class ServiceBusTrigger {
  readonly #receiver: ServiceBusReceiver;
  #subscription: { close(): Promise<void> } | undefined;
  /** Settlements of one receiver go out one after the other: the SDK's AMQP library merges different ones sent in the same tick. */
  #settling: Promise<void> = Promise.resolve();

  /** Throws for options that this host does not support and for missing settings. */
  constructor(
    private readonly fn: AppFunction,
    private readonly deps: ServiceBusDependencies,
  ) {
    const { trigger, name } = fn;
    if (trigger['isSessionsEnabled'])
      throw new Error(`Function "${name}": sessions are not supported by the embedded host.`);
    if (trigger['cardinality'] === 'many')
      throw new Error(`Function "${name}": batches are not supported by the embedded host.`);
    this.#receiver = createReceiver(fn, deps.connections);
  }

  /** Begins to receive. Counts as work until the link is open or has failed once, so that explicit time doesn't pass before. */
  start(): void {
    const { settings, inFlight, log } = this.deps;
    const opened = inFlight.begin();
    const handlers: MessageHandlers & OpenHandler = {
      processMessage: (message) => inFlight.track(() => this.#process(message)),
      processError: async ({ error, errorSource, entityPath }) => {
        opened();
        log('warn', 'Host.ServiceBus', `${entityPath} (${errorSource}): ${messageOf(error)}`);
      },
      postInitialize: async () => {
        setImmediate(opened); // The SDK gives its credit right after this.
      },
    };
    const options = { autoCompleteMessages: false, maxConcurrentCalls: settings.maxConcurrentCalls };
    this.#subscription = this.#receiver.subscribe(handlers, options);
  }

  /** Takes no more messages; those under way are still settled. */
  async stop(): Promise<void> {
    await this.#subscription?.close();
  }

  /** Runs the function with a text instead of a message. */
  async runNow(body: string): Promise<void> {
    await this.deps.invoker.invoke(this.fn, { data: { string: body } });
  }

  async #process(message: ServiceBusReceivedMessage): Promise<void> {
    const stopRenewing = this.#keepLocked(message);
    let succeeded = false;
    try {
      await this.deps.invoker.invoke(this.fn, { data: bodyData(message), triggerMetadata: triggerMetadata(message) });
      succeeded = true;
    } catch {
      // The invoker has logged it; the message goes back to the broker.
    } finally {
      stopRenewing();
    }
    await this.#settle(message, succeeded);
  }

  async #settle(message: ServiceBusReceivedMessage, succeeded: boolean): Promise<void> {
    if (succeeded && !this.deps.settings.autoCompleteMessages) return;
    const settlement = this.#settling.then(() =>
      succeeded ? this.#receiver.completeMessage(message) : this.#receiver.abandonMessage(message),
    );
    this.#settling = settlement.catch((error: unknown) => {
      const verb = succeeded ? 'completed' : 'abandoned';
      const text = `Message "${message.messageId}" of "${this.fn.name}" was not ${verb} and will come again: ${messageOf(error)}`;
      this.deps.log('warn', 'Host.ServiceBus', text);
    });
    await this.#settling;
  }

  /**
   * Renews the lock while the function runs, up to the limit of host.json. Not left to the SDK, which would measure by `Date`, and that tells
   * world time here while locks run in wire time.
   */
  #keepLocked(message: ServiceBusReceivedMessage): () => void {
    const { clock, settings, log } = this.deps;
    const endMs = clock.wire.now() + settings.maxAutoLockRenewalMs;
    const pauseMs = () => {
      const leftMs = (message.lockedUntilUtc?.getTime() ?? clock.now()) - clock.now();
      return Math.max(leftMs * RENEW_AT_SHARE, RENEW_PAUSE_MIN_MS);
    };
    let stopped = false;
    const renew = async () => {
      if (stopped || clock.wire.now() > endMs) return;
      try {
        await this.#receiver.renewMessageLock(message);
        if (!stopped) timer = clock.wire.after(pauseMs(), () => void renew());
      } catch (error) {
        log(
          'warn',
          'Host.ServiceBus',
          `The lock of message "${message.messageId}" was not renewed: ${messageOf(error)}`,
        );
      }
    };
    let timer = clock.wire.after(pauseMs(), () => void renew());
    return () => {
      stopped = true;
      timer.cancel();
    };
  }
}

function createReceiver(fn: AppFunction, connections: ServiceBusConnections): ServiceBusReceiver {
  const client = connections.client(textOption(fn.trigger, 'connection'));
  const queue = textOption(fn.trigger, 'queueName');
  const topic = textOption(fn.trigger, 'topicName');
  const subscription = textOption(fn.trigger, 'subscriptionName');
  const path = queue ?? subscription;
  if (!path || (!queue && !topic))
    throw new Error(`Function "${fn.name}" needs queueName, or topicName and subscriptionName.`);
  const isDeadLetter = DEAD_LETTER_SUFFIX.test(path);
  const options = {
    receiveMode: 'peekLock',
    skipParsingBodyAsJson: true,
    maxAutoLockRenewalDurationInMs: 0,
    subQueueType: isDeadLetter ? 'deadLetter' : undefined,
  } as const;
  const entity = path.replace(DEAD_LETTER_SUFFIX, '');
  return queue ? client.createReceiver(entity, options) : client.createReceiver(topic!, entity, options);
}
