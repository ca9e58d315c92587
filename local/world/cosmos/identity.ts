/**
 * Resource ids and ETags in the service's formats, derived from row keys and LSNs so that equal histories give equal
 * values.
 */

/** Containers carry the top bit, which is how clients tell them from databases. */
const CONTAINER_BIT = 0x80000000;

const encode = (bytes: Buffer) => bytes.toString('base64').replaceAll('/', '-');

function ridBytes(databaseKey: number, containerKey?: number, itemSeq?: number): Buffer {
  const bytes = Buffer.alloc(itemSeq !== undefined ? 16 : containerKey !== undefined ? 8 : 4);
  bytes.writeUInt32BE(databaseKey, 0);
  if (containerKey !== undefined) bytes.writeUInt32BE(CONTAINER_BIT + containerKey, 4);
  if (itemSeq !== undefined) bytes.writeBigUInt64LE(BigInt(itemSeq), 8);
  return bytes;
}

/** The `_rid` of a database, of a container, or of an item. */
export const ridOf = (databaseKey: number, containerKey?: number, itemSeq?: number) =>
  encode(ridBytes(databaseKey, containerKey, itemSeq));

/** A quoted ETag; each LSN is given out once, so each version has its own. */
export const etagOf = (lsn: number) => `"00000000-0000-0000-0000-${lsn.toString(16).padStart(12, '0')}"`;
