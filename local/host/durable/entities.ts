/**
 * Turns of entities: all waiting operations of one entity in one call of its function, then state, answers and locks in one transaction.
 */
import type { AppFunction } from '../app-functions.js';
import { messageOf } from '../log.js';
import type { EntityLock, EntityRequest } from '../store.js';
import { toJson } from '../typed-data.js';
import { type DurableContext, isFinished } from './context.js';
import { admit } from './entity-locks.js';
import { entityId, parseEntityId, releaseRequest, signalRequest } from './entity-requests.js';
import { historyEvent } from './history.js';
import type { Outbox } from './outbox.js';

/** What an entity function returns (durable-functions, EntityState). */
interface EntityAnswer {
  entityExists: boolean;
  entityState?: string | null;
  /** One for each operation, in order; results are JSON text. */
  results: { isError: boolean; result?: string }[];
  signals: { target: { name: string; key: string }; name: string; input: string }[];
}

export class Entities {
  constructor(private readonly context: DurableContext) {}

  async turn(id: string): Promise<void> {
    const { store, mailbox, commit } = this.context;
    const before = store.lock(id);
    const { operations, admitted, granted, waiting, lock } = admit(before, mailbox.take(id));
    const requests = operations.map((message) => message.request!);
    const answer = requests.length > 0 ? await this.#call(id, requests) : undefined;
    await commit((outbox) => {
      for (const message of admitted) store.consume(message);
      if (answer) this.#apply(outbox, id, requests, answer);
      for (const request of granted) this.#passLockOn(outbox, request);
      if (lock?.lockId !== before?.lockId) store.putLock(id, lock);
      if (lock && !this.#isRunning(lock)) outbox.send({ target: id, dueMs: 0, request: releaseRequest(lock.lockId) });
    });
    if (waiting.length > 0) mailbox.hold(id, waiting);
  }

  #apply(outbox: Outbox, id: string, requests: EntityRequest[], answer: EntityAnswer | { error: string }): void {
    const { store } = this.context;
    if ('error' in answer) {
      const result = { isError: true, result: JSON.stringify(answer.error) };
      for (const request of requests) this.#answer(outbox, request, result);
      return;
    }
    if (answer.entityExists) store.putEntity(id, answer.entityState ?? null);
    else store.deleteEntity(id);
    for (const [index, request] of requests.entries()) this.#answer(outbox, request, answer.results[index]);
    for (const { target, name, input } of answer.signals) sendSignal(outbox, target, name, input || undefined);
  }

  /** A granted lock request goes on to its next entity; from the last one, the orchestration hears that it holds them all. */
  #passLockOn(outbox: Outbox, request: EntityRequest): void {
    const lockPosition = request.lockPosition! + 1;
    const next = request.lockSet![lockPosition];
    if (next !== undefined) outbox.send({ target: next, dueMs: 0, request: { ...request, lockPosition } });
    else this.#answer(outbox, request, undefined);
  }

  /** An owner that ended before it was granted its lock will never release it. */
  #isRunning({ instanceId, executionId }: EntityLock): boolean {
    const row = this.context.store.instance(instanceId);
    return row !== undefined && row.executionId === executionId && !isFinished(row.status);
  }

  async #call(id: string, requests: EntityRequest[]): Promise<EntityAnswer | { error: string }> {
    const { functions, invoker, store } = this.context;
    const self = parseEntityId(id);
    const fn: AppFunction | undefined = functions.find('entityTrigger', self.name);
    if (!fn) return { error: `The app has no entity function '${self.name}'.` };
    const state = store.entity(id);
    const batch = requests.map(({ op, input, signal }) => ({ name: op, input, isSignal: signal }));
    try {
      const json = JSON.stringify({ self, exists: state !== undefined, state: state ?? null, batch });
      return JSON.parse(toJson(await invoker.invoke(fn, { data: { json } }))) as EntityAnswer;
    } catch (error) {
      return { error: messageOf(error) };
    }
  }

  /** Answers a call: an external event named like the request. Signals have no answer. */
  #answer(outbox: Outbox, request: EntityRequest, result: EntityAnswer['results'][number] | undefined): void {
    if (request.signal || !request.caller) return;
    const { instanceId: target, executionId } = request.caller;
    const response = { result: result?.result, ...(result?.isError && { exceptionType: 'Error' }) };
    const event = historyEvent('EventRaised', this.context.clock.now(), {
      Name: request.id,
      Input: JSON.stringify(response),
    });
    outbox.send({ target, dueMs: 0, executionId, event });
  }
}

/** @param input JSON text */
export function sendSignal(
  outbox: Outbox,
  target: { name: string; key: string },
  op: string,
  input: string | undefined,
): void {
  outbox.send({ target: entityId(target.name, target.key), dueMs: 0, request: signalRequest(op, input) });
}
