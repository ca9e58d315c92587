/** The items of all containers, as rows: the document is kept as the JSON text that is sent to clients. */
import type { StatementSync } from 'node:sqlite';

export interface ItemRow {
  /** Never reused: the order of creation, and the item's part of `_rid`. */
  seq: number;
  id: string;
  partition: string;
  body: string;
  lsn: number;
}

export interface ItemValues {
  body: string;
  lsn: number;
  /** `_ts`: epoch seconds of world time. */
  ts: number;
  /** The item's own `ttl` in seconds. */
  ttl?: number;
  /** The container's default, in seconds; absent: items don't expire. */
  defaultTtl?: number;
  /** One text per unique key of the container. */
  uniqueValues: string[];
}

export interface ItemFilter {
  partition?: { key: string; isPrefix: boolean };
  ids?: string[];
  /** Only items after this one, in order of creation. */
  afterSeq?: number;
}

/** The default TTL counts only where TTL is switched on; -1 means never. */
const EXPIRY = `CASE WHEN :defaultTtl IS NULL OR COALESCE(ttl, :defaultTtl) = -1 THEN NULL
  ELSE (ts + COALESCE(ttl, :defaultTtl)) * 1000 END`;
const ALIVE = '(expires_at IS NULL OR expires_at > :nowMs)';
const COLUMNS = 'seq, id, partition, body, lsn';

export class ItemTable {
  constructor(private readonly prepare: (sql: string) => StatementSync) {}

  get(container: number, partition: string, id: string, nowMs: number): ItemRow | undefined {
    const sql = `SELECT ${COLUMNS} FROM items
      WHERE container = :container AND partition = :partition AND id = :id AND ${ALIVE}`;
    return this.prepare(sql).get({ container, partition, id, nowMs }) as unknown as ItemRow | undefined;
  }

  /** Reserves a row, so that the document can name it in `_rid`; `update` fills it in the same transaction. */
  insert(container: number, partition: string, id: string): number {
    const sql = `INSERT INTO items (container, partition, id, body, lsn, ts) VALUES (?, ?, ?, '', 0, 0)`;
    return Number(this.prepare(sql).run(container, partition, id).lastInsertRowid);
  }

  update(container: number, partition: string, seq: number, values: ItemValues): void {
    const { body, lsn, ts, ttl = null, defaultTtl = null } = values;
    this.prepare('UPDATE items SET body = ?, lsn = ?, ts = ?, ttl = ? WHERE seq = ?').run(body, lsn, ts, ttl, seq);
    this.prepare(`UPDATE items SET expires_at = ${EXPIRY} WHERE seq = :seq`).run({ seq, defaultTtl });
    this.prepare('DELETE FROM unique_values WHERE item = ?').run(seq);
    const unique = this.prepare('INSERT INTO unique_values VALUES (?, ?, ?, ?, ?)');
    for (const [index, value] of values.uniqueValues.entries()) unique.run(container, partition, index, value, seq);
  }

  delete(seq: number): void {
    this.prepare('DELETE FROM items WHERE seq = ?').run(seq);
  }

  /** True if another item of the partition holds this value of the unique key. */
  isTaken(container: number, partition: string, uniqueKey: number, value: string, seq: number | undefined): boolean {
    const sql = `SELECT item FROM unique_values
      WHERE container = ? AND partition = ? AND constraint_index = ? AND value = ?`;
    const holder = this.prepare(sql).get(container, partition, uniqueKey, value);
    return holder !== undefined && holder.item !== seq;
  }

  /** Items in order of creation, read as the caller goes on. */
  scan(container: number, filter: ItemFilter, nowMs: number): IterableIterator<ItemRow> {
    const { conditions, values } = conditionsOf(filter);
    const sql = `SELECT ${COLUMNS} FROM items WHERE container = :container AND ${ALIVE}${conditions} ORDER BY seq`;
    return this.prepare(sql).iterate({ container, nowMs, ...values }) as unknown as IterableIterator<ItemRow>;
  }

  /** The newest versions of what changed after `afterLsn`, in order of change. */
  changes(container: number, filter: ItemFilter & { afterLsn: number }, limit: number, nowMs: number): ItemRow[] {
    const { conditions, values } = conditionsOf(filter);
    const sql = `SELECT ${COLUMNS} FROM items WHERE container = :container AND ${ALIVE}${conditions} AND lsn > :afterLsn
      ORDER BY lsn LIMIT :limit`;
    const { afterLsn } = filter;
    return this.prepare(sql).all({ container, nowMs, afterLsn, limit, ...values }) as unknown as ItemRow[];
  }

  /** The position of the last change before a time (epoch seconds), of what is still there; 0 for none. */
  lastChangeBefore(container: number, ts: number): number {
    const sql = 'SELECT COALESCE(MAX(lsn), 0) AS lsn FROM items WHERE container = ? AND ts < ?';
    return Number(this.prepare(sql).get(container, ts)!.lsn);
  }

  /** Removes what has expired, so that ids and unique values are free again. */
  purgeExpired(container: number, nowMs: number): void {
    this.prepare('DELETE FROM items WHERE container = ? AND expires_at <= ?').run(container, nowMs);
  }

  applyDefaultTtl(container: number, defaultTtl: number | undefined): void {
    const sql = `UPDATE items SET expires_at = ${EXPIRY} WHERE container = :container`;
    this.prepare(sql).run({ container, defaultTtl: defaultTtl ?? null });
  }
}

/** The filter in SQL: one text per combination of its parts. */
function conditionsOf({ partition, ids, afterSeq }: ItemFilter) {
  let conditions = '';
  const values: Record<string, string | number> = {};
  if (partition?.isPrefix) {
    conditions += ' AND substr(partition, 1, length(:prefix)) = :prefix';
    values.prefix = partition.key === '[]' ? '[' : `${partition.key.slice(0, -1)},`;
  } else if (partition) {
    conditions += ' AND partition = :partition';
    values.partition = partition.key;
  }
  if (ids) {
    conditions += ' AND id IN (SELECT value FROM json_each(:ids))';
    values.ids = JSON.stringify(ids);
  }
  if (afterSeq !== undefined) {
    conditions += ' AND seq > :afterSeq';
    values.afterSeq = afterSeq;
  }
  return { conditions, values };
}
