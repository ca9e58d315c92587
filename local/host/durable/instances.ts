/** What clients do with instances and entities: start, ask, signal, stop, purge. Answered only once it is stored. */
import { randomUUID } from 'node:crypto';
import type { InstanceFilter, InstanceRow } from '../store.js';
import { createInstance, isFinished } from './context.js';
import { sendRewind } from './effects.js';
import type { DurableEngine } from './engine.js';
import { sendSignal } from './entities.js';
import { type EventTypeName, type HistoryEvent, historyEvent } from './history.js';

/** A refusal, with the HTTP status that says so. */
export class DurableApiError extends Error {
  constructor(
    readonly status: 400 | 404 | 409 | 410 | 412,
    message: string,
  ) {
    super(message);
  }
}

/** Azure's limit, and the characters that its storage refuses. */
const INSTANCE_ID_LENGTH_MAX = 100;
const INSTANCE_ID_FORBIDDEN = /^@|[/\\#?\p{Cc}]/u;

/** Instances removed in one purge call; a caller with more calls again. */
const PURGE_MAX = 10_000;

export interface StartRequest {
  name: string;
  id?: string;
  /** JSON text. */
  input: string | null;
  version?: string;
}

export class Instances {
  constructor(private readonly engine: DurableEngine) {}

  /** Returns the instance id. 400: unknown orchestrator or bad id. 409: an instance with this id is running. */
  async start(request: StartRequest): Promise<string> {
    const { context } = this.engine;
    const fn = context.functions.find('orchestrationTrigger', request.name);
    if (!fn)
      throw new DurableApiError(
        400,
        `The function '${request.name}' doesn't exist, is disabled, or is not an orchestrator function.`,
      );
    const id = request.id ?? randomUUID().replaceAll('-', '');
    if (id.length > INSTANCE_ID_LENGTH_MAX || INSTANCE_ID_FORBIDDEN.test(id))
      throw new DurableApiError(
        400,
        `"${id}" is no instance id: at most 100 characters, no leading @, none of / \\ # ?.`,
      );
    const instance = { id, name: fn.name, input: request.input, version: request.version, parent: null };
    if (!(await context.commit((outbox) => createInstance(context, outbox, instance))))
      throw new DurableApiError(409, `An instance with id '${id}' is already running.`);
    return id;
  }

  find(id: string): InstanceRow {
    const row = this.engine.context.store.instance(id);
    if (!row) throw new DurableApiError(404, `No instance with id '${id}' was found.`);
    return row;
  }

  list(filter: InstanceFilter): InstanceRow[] {
    return this.engine.context.store.instances(filter);
  }

  history(id: string): HistoryEvent[] {
    return this.engine.context.store.history(id);
  }

  /** @param input JSON text */
  raiseEvent(id: string, name: string, input: string | null): Promise<void> {
    return this.#send(id, 'EventRaised', { Name: name, Input: input });
  }

  terminate(id: string, reason: string): Promise<void> {
    return this.#send(id, 'ExecutionTerminated', { Input: JSON.stringify(reason) });
  }

  suspend(id: string, reason: string): Promise<void> {
    return this.#send(id, 'ExecutionSuspended', { Reason: reason });
  }

  resume(id: string, reason: string): Promise<void> {
    return this.#send(id, 'ExecutionResumed', { Reason: reason });
  }

  /** Takes a failed instance back to before what failed it. 412 if it is running, 410 if it ended otherwise. */
  rewind(id: string, reason: string): Promise<void> {
    const { commit, clock } = this.engine.context;
    return commit((outbox) => {
      const { status } = this.find(id);
      if (status !== 'Failed')
        throw new DurableApiError(
          isFinished(status) ? 410 : 412,
          `Instance '${id}' is ${status}; only failed ones can be rewound.`,
        );
      sendRewind(outbox, id, reason, clock.now());
    });
  }

  /** Starts the same orchestrator with the same input, under a new id or again under its own. Returns the id. 409 if it is running. */
  restart(id: string, withNewId: boolean): Promise<string> {
    const { name, input, version } = this.find(id);
    return this.start({ name, input, version: version ?? undefined, id: withNewId ? undefined : id });
  }

  /** Forgets a finished instance. 409 if it is running. */
  purge(id: string): Promise<void> {
    const { commit, store } = this.engine.context;
    return commit(() => {
      const { status } = this.find(id);
      if (!isFinished(status))
        throw new DurableApiError(409, `Instance '${id}' is ${status}; only finished ones can be purged.`);
      store.deleteInstance(id);
    });
  }

  /** Forgets the finished instances that match; returns how many. */
  purgeMatching(filter: Omit<InstanceFilter, 'limit'>): Promise<number> {
    const { commit, store } = this.engine.context;
    return commit(() => {
      const finished = this.list({ ...filter, limit: PURGE_MAX }).filter((row) => isFinished(row.status));
      for (const row of finished) store.deleteInstance(row.id);
      return finished.length;
    });
  }

  /** @param input JSON text */
  async signalEntity(name: string, key: string, op: string, input: string | undefined): Promise<void> {
    const { functions, commit } = this.engine.context;
    if (!functions.find('entityTrigger', name))
      throw new DurableApiError(400, `The app has no entity function '${name}'.`);
    await commit((outbox) => sendSignal(outbox, { name, key }, op, input));
  }

  /** State of an entity as JSON text, null if it has none; undefined if it does not exist. */
  entityState(id: string): string | null | undefined {
    return this.engine.context.store.entity(id);
  }

  /** Resolves with the instance once it has ended, or as it is after `timeoutMs` of world time. */
  async waitForEnd(id: string, timeoutMs: number): Promise<InstanceRow> {
    if (!isFinished(this.find(id).status)) {
      await new Promise<void>((resolve) => {
        const timer = this.engine.context.clock.after(timeoutMs, () => finish());
        const stop = this.engine.whenFinished((ended) => ended === id && finish());
        const finish = () => {
          timer.cancel();
          stop();
          resolve();
        };
      });
    }
    return this.find(id);
  }

  #send(id: string, type: EventTypeName, fields: Parameters<typeof historyEvent>[2]): Promise<void> {
    const { commit, clock } = this.engine.context;
    return commit((outbox) => {
      const { status } = this.find(id);
      if (isFinished(status)) throw new DurableApiError(410, `Instance '${id}' is ${status}.`);
      outbox.send({ target: id, dueMs: 0, event: historyEvent(type, clock.now(), fields) });
    });
  }
}
