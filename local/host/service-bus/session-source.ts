/**
 * Takes messages from a queue or subscription with sessions: a bounded number of sessions at once, one message (or batch) of a session at a time,
 * in order. A session that stays without messages is given back, and the next one is asked for.
 */
import type { MessageHandlers, ServiceBusClient, ServiceBusError, ServiceBusSessionReceiver } from '@azure/service-bus';
import type { ClockTimer } from '../../clock.js';
import type { AppFunction } from '../app-functions.js';
import { messageOf } from '../log.js';
import { entityPath } from './entity-path.js';
import { keepLocked } from './lock-renewal.js';
import { MessageProcessor, type ProcessorDependencies, takesBatches } from './message-processor.js';

/** Wire time between attempts while the broker can't be reached. */
const RETRY_PAUSE_MS = 1_000;

export class SessionSource {
  readonly #stopped = new AbortController();

  constructor(
    private readonly fn: AppFunction,
    private readonly client: ServiceBusClient,
    private readonly deps: ProcessorDependencies,
  ) {}

  start(): void {
    for (let slot = 0; slot < this.deps.settings.maxConcurrentSessions; slot++) void this.#serveSessions();
  }

  /** Takes no more messages; those under way are still settled, and their sessions then given back. */
  async stop(): Promise<void> {
    this.#stopped.abort();
  }

  async #serveSessions(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const receiver = await this.#accept();
      if (!receiver) continue;
      const messages = new SessionMessages(this.fn, receiver, this.deps);
      this.#stopped.signal.addEventListener('abort', messages.end, { once: true });
      await messages.served;
      this.#stopped.signal.removeEventListener('abort', messages.end);
    }
  }

  /** Undefined if no session became free in time, or the broker can't be asked. */
  async #accept(): Promise<ServiceBusSessionReceiver | undefined> {
    const { path } = entityPath(this.fn);
    const options = {
      abortSignal: this.#stopped.signal,
      maxAutoLockRenewalDurationInMs: 0,
      skipParsingBodyAsJson: true,
    };
    try {
      return path.length === 1
        ? await this.client.acceptNextSession(path[0], options)
        : await this.client.acceptNextSession(...path, options);
    } catch (error) {
      if (this.#stopped.signal.aborted || isNoneFree(error)) return undefined;
      this.deps.log('warn', 'Host.ServiceBus', `"${this.fn.name}" got no session: ${messageOf(error)}`);
      await new Promise<void>((resolve) => this.deps.clock.wire.after(RETRY_PAUSE_MS, resolve));
      return undefined;
    }
  }
}

/** One session, from when it is received until it is given back. */
class SessionMessages {
  /** Resolves when the session has been idle for long enough, its lock is lost, or the host stops, and nothing of it runs any more. */
  readonly served: Promise<void>;
  /** Takes no more messages. */
  readonly end: () => void;
  #running = 0;
  #idle: ClockTimer;
  #wakeUp = () => {};

  constructor(
    private readonly fn: AppFunction,
    private readonly receiver: ServiceBusSessionReceiver,
    private readonly deps: ProcessorDependencies,
  ) {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    this.end = resolve;
    this.#idle = this.#armIdle();
    this.served = this.#serve(ended);
  }

  #armIdle(): ClockTimer {
    return this.deps.clock.wire.after(this.deps.settings.sessionIdleMs, this.end);
  }

  async #serve(ended: Promise<void>): Promise<void> {
    const { clock, settings } = this.deps;
    const stopRenewing = keepLocked(clock, settings.maxAutoLockRenewalMs, {
      lockedUntil: () => this.receiver.sessionLockedUntilUtc,
      renew: () => this.receiver.renewSessionLock(),
      onFailure: (error) => this.#fail(error),
    });
    const subscription = this.#subscribe();
    await ended;
    this.#idle.cancel();
    await subscription.close().catch(() => {}); // The link may be gone: then nothing more comes anyway.
    while (this.#running > 0) await new Promise<void>((resolve) => (this.#wakeUp = resolve));
    stopRenewing();
    await this.receiver.close().catch((error: unknown) => this.#log(error));
  }

  #subscribe() {
    const processor = new MessageProcessor(this.fn, this.receiver, this.deps, false);
    const handlers: MessageHandlers = {
      processMessage: async (message) => {
        this.#running++;
        this.#idle.cancel();
        await processor.process(message);
        if (--this.#running === 0) this.#idle = this.#armIdle();
        this.#wakeUp();
      },
      processError: async ({ error }) => this.#fail(error),
    };
    const maxConcurrentCalls = takesBatches(this.fn) ? this.deps.settings.maxMessageBatchSize : 1;
    return this.receiver.subscribe(handlers, { autoCompleteMessages: false, maxConcurrentCalls });
  }

  #fail(error: unknown): void {
    this.#log(error);
    this.end();
  }

  #log(error: unknown): void {
    const text = `Session "${this.receiver.sessionId}" of "${this.fn.name}": ${messageOf(error)}`;
    this.deps.log('warn', 'Host.ServiceBus', text);
  }
}

function isNoneFree(error: unknown): boolean {
  const { code } = error as ServiceBusError;
  return code === 'ServiceTimeout' || code === 'SessionCannotBeLocked';
}
