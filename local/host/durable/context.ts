/** What the parts of the durable engine share, and the few rules about instances that more than one of them needs. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.js';
import type { AppFunction } from '../app-functions.js';
import type { InFlight } from '../in-flight.js';
import type { Invoker } from '../invoker.js';
import type { Log } from '../log.js';
import type { InstanceRow, RuntimeStatus, Store } from '../store.js';
import type { Commit } from './group-commit.js';
import { historyEvent, type ParentInstance } from './history.js';
import type { Mailbox } from './mailbox.js';
import type { Outbox } from './outbox.js';

export interface DurableContext {
  store: Store;
  clock: Clock;
  log: Log;
  invoker: Invoker;
  inFlight: InFlight;
  functions: DurableFunctions;
  mailbox: Mailbox;
  commit: Commit;
  defaultVersion: string | undefined;
  /** Called when an instance has ended. */
  onFinished: (instanceId: string) => void;
}

/** The app's durable functions; names are not case-sensitive, as on Azure. */
export class DurableFunctions {
  readonly #byTrigger = new Map<string, AppFunction>();

  constructor(functions: AppFunction[]) {
    for (const fn of functions)
      if (!fn.disabled) this.#byTrigger.set(`${fn.trigger.type} ${fn.name.toLowerCase()}`, fn);
  }

  find(trigger: 'orchestrationTrigger' | 'activityTrigger' | 'entityTrigger', name: string): AppFunction | undefined {
    return this.#byTrigger.get(`${trigger} ${name.toLowerCase()}`);
  }
}

export function isFinished(status: RuntimeStatus): boolean {
  return status === 'Completed' || status === 'Failed' || status === 'Terminated';
}

export function newExecutionId(): string {
  return randomUUID().replaceAll('-', '');
}

export interface NewInstance {
  id: string;
  name: string;
  /** JSON text. */
  input: string | null;
  version: string | undefined;
  parent: ParentInstance | null;
}

/** Creates an instance, or starts a finished one of the same id anew. Returns false, and does nothing, if it is running. */
export function createInstance(context: DurableContext, outbox: Outbox, instance: NewInstance): boolean {
  const { store, clock, mailbox, defaultVersion } = context;
  const existing = store.instance(instance.id);
  if (existing && !isFinished(existing.status)) return false;
  store.clearHistory(instance.id);
  store.deleteMessagesTo(instance.id);
  mailbox.dropLater(instance.id);
  mailbox.hold(
    instance.id,
    mailbox.take(instance.id).filter((message) => message.executionId),
  ); // Its events are not for the new run.
  const nowMs = clock.now();
  const row: InstanceRow = {
    ...instance,
    version: instance.version ?? defaultVersion ?? null,
    executionId: newExecutionId(),
    status: 'Pending',
    output: null,
    customStatus: null,
    createdMs: nowMs,
    updatedMs: nowMs,
  };
  store.putInstance(row);
  sendExecutionStarted(outbox, row, nowMs);
  return true;
}

/** The first message of a generation. */
export function sendExecutionStarted(outbox: Outbox, row: InstanceRow, nowMs: number): void {
  const event = historyEvent('ExecutionStarted', nowMs, {
    Name: row.name,
    Version: row.version,
    Input: row.input,
    ...(row.parent && { ParentInstance: row.parent }),
  });
  outbox.send({ target: row.id, dueMs: 0, executionId: row.executionId, event });
}
