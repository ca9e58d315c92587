/** What makes a JSON object a valid document, and the system properties that the server adds to it. */
import { badRequest } from './errors.js';
import { etagOf, ridOf } from './identity.js';
import type { Json, JsonObject } from './json.js';
import type { Container } from './store/store.js';

/** Limits of an item. https://learn.microsoft.com/azure/cosmos-db/concepts-limits#per-item-limits */
export const ITEM_MAX_BYTES = 2 * 1024 * 1024;
const ID_MAX_BYTES = 1023;
const TTL_MAX_SECONDS = 2 ** 31 - 1;

/** What the server writes into every document. */
export const SYSTEM_PROPERTIES = ['_rid', '_self', '_etag', '_attachments', '_ts'];

/** The document as it is stored: system properties last, those of the client dropped. */
export function withSystemProperties(
  container: Container,
  document: JsonObject,
  version: { seq: number; lsn: number; ts: number },
) {
  const own = Object.entries(document).filter(([name]) => !SYSTEM_PROPERTIES.includes(name));
  const rid = ridOf(container.databaseKey, container.key, version.seq);
  const containerRid = ridOf(container.databaseKey, container.key);
  return Object.fromEntries([
    ...own,
    ['_rid', rid],
    ['_self', `dbs/${ridOf(container.databaseKey)}/colls/${containerRid}/docs/${rid}/`],
    ['_etag', etagOf(version.lsn)],
    ['_attachments', 'attachments/'],
    ['_ts', version.ts],
  ]);
}

/**
 * https://learn.microsoft.com/azure/cosmos-db/concepts-limits#per-item-limits; `?` and `#` break the links of clients.
 */
export function requireId(document: JsonObject): string {
  const { id } = document;
  if (typeof id !== 'string' || id === '')
    throw badRequest("The input content is invalid because the required property 'id' is missing.");
  if (/[/\\?#]/.test(id)) throw badRequest(`The id '${id}' contains one of the illegal characters / \\ ? #.`);
  if (Buffer.byteLength(id) > ID_MAX_BYTES) throw badRequest(`The id is longer than ${ID_MAX_BYTES} bytes.`);
  return id;
}

/** The item's own time to live in seconds, if it has one. */
export function requireTtl(ttl: Json | undefined): number | undefined {
  if (ttl === undefined) return undefined;
  const isValid = Number.isInteger(ttl) && (ttl === -1 || ((ttl as number) > 0 && (ttl as number) <= TTL_MAX_SECONDS));
  if (!isValid) throw badRequest(`The input ttl ${JSON.stringify(ttl)} is invalid: expected -1 or seconds above 0.`);
  return ttl as number;
}
