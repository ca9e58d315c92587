/** Ids: sortable ones for new things, and ones that are derived from content, so that doing a thing twice names it the same. */
import { createHash } from 'node:crypto';
import { monotonicFactory, ulid } from 'ulid';

/** A time-ordered unique id (ULID, 26 characters of Crockford base 32). */
export const newId = (nowMs: number): string => ulid(nowMs);

/** Like `newId`, and greater than every earlier one of this process: tells what came first within a millisecond. */
export const nextId: (nowMs: number) => string = monotonicFactory();

/** SHA-256 as hex. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A short id for names that must be unique in the world: `length` characters of a-z and 0-9 derived from `text`. */
export const shortHash = (text: string, length: number): string =>
  BigInt(`0x${sha256(text)}`)
    .toString(36)
    .slice(-length);

/** Content hash that does not depend on the order of object keys. */
export const contentHash = (value: unknown): string => sha256(JSON.stringify(sortKeys(value)));

/** Name space of hai's derived UUIDs; any fixed UUID serves (RFC 9562, section 5.5). */
const UUID_NAMESPACE = 'b7a5a3ce-3b8e-5e0a-9d55-6f0a4f1c2d11';

/** A UUID (version 5, RFC 9562) derived from `parts`: the same role assignment always gets the same name. */
export function derivedUuid(...parts: string[]): string {
  const namespace = Buffer.from(UUID_NAMESPACE.replaceAll('-', ''), 'hex');
  const hash = createHash('sha1').update(namespace).update(parts.join('\n')).digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}
