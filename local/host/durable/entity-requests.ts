/** Messages to entities (operations, locks, releases), and how entities are named. */
import type { EntityRequest } from '../store.js';

/** Instance id of an entity: `@name@key`, the name in lower case. */
export function entityId(name: string, key: string): string {
  return `@${name.toLowerCase()}@${key}`;
}

export function isEntityId(id: string): boolean {
  return id.startsWith('@');
}

export function parseEntityId(id: string): { name: string; key: string } {
  const split = id.indexOf('@', 1);
  return { name: id.slice(1, split), key: id.slice(split + 1) };
}

/** @param input JSON text */
export function signalRequest(op: string, input: string | undefined): EntityRequest {
  return { op, input, id: '', signal: true };
}

/** Ends a lock. An entity that holds another lock, or none, takes no notice. */
export function releaseRequest(lockId: string): EntityRequest {
  return { op: '', id: lockId, signal: true, releases: true };
}
