/**
 * The durable engine: takes orchestrations and entities with messages to their turns, and activities to their runner. It never waits by time:
 * timers are messages that are due later.
 */
import { describeError } from '../log.js';
import type { Message } from '../store.js';
import { Activities } from './activities.js';
import type { DurableContext } from './context.js';
import { Entities } from './entities.js';
import { isEntityId } from './entity-requests.js';
import { GroupCommit } from './group-commit.js';
import { Mailbox } from './mailbox.js';
import { Orchestrations, storeResult } from './orchestrations.js';
import type { Outbox } from './outbox.js';

export interface EngineOptions extends Omit<DurableContext, 'mailbox' | 'commit' | 'onFinished'> {
  maxConcurrentActivityFunctions: number;
  maxConcurrentOrchestratorFunctions: number;
}

export class DurableEngine {
  readonly context: DurableContext;
  readonly #commits: GroupCommit;
  readonly #orchestrations: Orchestrations;
  readonly #entities: Entities;
  readonly #activities: Activities;
  readonly #turns = new Set<string>();
  readonly #finishListeners = new Set<(instanceId: string) => void>();
  #running = false;
  #pumpScheduled = false;

  constructor(private readonly options: EngineOptions) {
    this.#commits = new GroupCommit(options.store, (outbox) => this.#deliver(outbox));
    this.context = {
      ...options,
      mailbox: new Mailbox(options.clock, () => this.#schedulePump()),
      commit: this.#commits.commit,
      onFinished: (id) => {
        for (const listener of this.#finishListeners) listener(id);
      },
    };
    this.#orchestrations = new Orchestrations(this.context);
    this.#entities = new Entities(this.context);
    this.#activities = new Activities(this.context, options.maxConcurrentActivityFunctions, (message) =>
      this.#takeResult(message),
    );
  }

  /** True if nothing can happen before time moves. */
  get isIdle(): boolean {
    return this.context.mailbox.isEmpty && this.#turns.size === 0 && this.#activities.isIdle && this.#commits.isIdle;
  }

  /** Takes up everything that the store holds. */
  start(): void {
    const { store, mailbox } = this.context;
    const activities = store.activities();
    for (const message of store.messages()) mailbox.post(message);
    this.#running = true;
    for (const work of activities) this.#activities.add(work);
    this.#schedulePump();
  }

  /** Begins nothing more. Turns and activities under way end by themselves; `inFlight` tells when. */
  stop(): void {
    this.#running = false;
    this.context.mailbox.close();
    this.#activities.stop();
  }

  /** Writes what still waits to be written; after this, the store may be closed. */
  close(): void {
    this.#commits.close();
  }

  /** Calls `listener` with the id of each instance that ends; returns the function that stops it. */
  whenFinished(listener: (instanceId: string) => void): () => void {
    this.#finishListeners.add(listener);
    return () => this.#finishListeners.delete(listener);
  }

  /** Before the start and after the stop, what is stored is enough. */
  #deliver(outbox: Outbox): void {
    if (!this.#running) return;
    for (const message of outbox.messages) this.context.mailbox.post(message);
    for (const work of outbox.activities) this.#activities.add(work);
  }

  /** A result is written together with the turn that takes it; if no turn will come, by itself. */
  async #takeResult(message: Message): Promise<void> {
    if (this.#running) this.context.mailbox.post(message);
    else await this.context.commit(() => storeResult(this.context.store, message));
  }

  /** Turns begin from the event loop, so that an endless orchestration can't lock out sockets. */
  #schedulePump(): void {
    if (this.#pumpScheduled || !this.#running) return;
    this.#pumpScheduled = true;
    setImmediate(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#running && this.#turns.size < this.options.maxConcurrentOrchestratorFunctions) {
      const target = this.context.mailbox.next((candidate) => !this.#turns.has(candidate));
      if (target === undefined) return;
      this.#turns.add(target);
      void this.options.inFlight.track(() => this.#turn(target));
    }
  }

  async #turn(target: string): Promise<void> {
    try {
      await (isEntityId(target) ? this.#entities : this.#orchestrations).turn(target);
    } catch (error) {
      await this.#failTurn(target, error);
    } finally {
      this.#turns.delete(target);
      this.#schedulePump();
    }
  }

  /** A turn that throws in the host would throw again: the orchestration ends instead. */
  async #failTurn(target: string, error: unknown): Promise<void> {
    const { log } = this.context;
    log('error', 'Host.Durable', `A turn of "${target}" failed inside the host: ${describeError(error)}`);
    try {
      if (!isEntityId(target)) await this.#orchestrations.fail(target, error);
    } catch (second) {
      log(
        'error',
        'Host.Durable',
        `"${target}" could not even be failed; it is tried again after a restart: ${describeError(second)}`,
      );
    }
  }
}
