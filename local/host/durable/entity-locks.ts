/**
 * Who may use an entity: a pure rule over its lock and its waiting messages. While an orchestration holds the lock, only that orchestration's
 * messages pass; all others keep their order and wait for the release.
 */
import type { EntityLock, EntityRequest, Message } from '../store.js';

export interface Admission {
  /** To be carried out now, in this order. */
  operations: Message[];
  /** Lock requests that were granted; each goes on to its next entity, or back to its orchestration. */
  granted: EntityRequest[];
  /** Everything that is dealt with by this turn: operations, lock requests, releases. */
  admitted: Message[];
  waiting: Message[];
  /** Lock after this turn. */
  lock: EntityLock | undefined;
}

export function admit(lock: EntityLock | undefined, messages: Message[]): Admission {
  const result: Admission = { operations: [], granted: [], admitted: [], waiting: [], lock };
  let queue = messages;
  for (let index = 0; index < queue.length; index++) {
    const message = queue[index]!;
    const request = message.request!;
    if (result.lock && !mayPass(request, result.lock)) {
      result.waiting.push(message);
      continue;
    }
    result.admitted.push(message);
    if (request.lockSet) {
      result.lock = { ...request.caller!, lockId: request.id };
      result.granted.push(request);
    } else if (!request.releases) {
      result.operations.push(message);
    } else if (result.lock) {
      result.lock = undefined; // Those who have waited come first.
      queue = [...result.waiting.splice(0), ...queue.slice(index + 1)];
      index = -1;
    }
  }
  return result;
}

function mayPass({ releases, id, caller }: EntityRequest, lock: EntityLock): boolean {
  if (releases) return id === lock.lockId;
  return caller?.instanceId === lock.instanceId && caller.executionId === lock.executionId;
}
