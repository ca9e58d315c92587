/** Turns of entities: all waiting operations of one entity in one call of its function, then state and answers in one transaction. */
import type { AppFunction } from '../app-functions.js';
import { messageOf } from '../log.js';
import type { EntityRequest } from '../store.js';
import { toJson } from '../typed-data.js';
import type { DurableContext } from './context.js';
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

/** Instance id of an entity: `@name@key`, the name in lower case. */
export function entityId(name: string, key: string): string {
  return `@${name.toLowerCase()}@${key}`;
}

export function isEntityId(id: string): boolean {
  return id.startsWith('@');
}

function parseEntityId(id: string): { name: string; key: string } {
  const split = id.indexOf('@', 1);
  return { name: id.slice(1, split), key: id.slice(split + 1) };
}

export class Entities {
  constructor(private readonly context: DurableContext) {}

  async turn(id: string): Promise<void> {
    const { store, mailbox, commit } = this.context;
    const messages = mailbox.take(id);
    const requests = messages.map((message) => message.request!);
    const answer = await this.#call(id, requests);
    commit((outbox) => {
      for (const message of messages) store.consume(message);
      if ('error' in answer) {
        for (const request of requests)
          this.#answer(outbox, request, { isError: true, result: JSON.stringify(answer.error) });
        return;
      }
      if (answer.entityExists) store.putEntity(id, answer.entityState ?? null);
      else store.deleteEntity(id);
      for (const [index, request] of requests.entries()) this.#answer(outbox, request, answer.results[index]);
      for (const signal of answer.signals) sendSignal(outbox, signal.target, signal.name, signal.input || undefined);
    });
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
  outbox.send({ target: entityId(target.name, target.key), dueMs: 0, request: { op, input, id: '', signal: true } });
}
