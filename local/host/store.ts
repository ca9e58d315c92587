/**
 * The host's memory: durable instances, their history, messages and activities, entities, and when timers last ran. SQLite, one transaction a
 * step; what is committed survives a kill. Without a file it lives in memory.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { HistoryEvent, ParentInstance } from './durable/history.js';

/** Raised when the tables change, so that an old file is refused instead of misread. */
const SCHEMA_VERSION = 2;

/** Numbers as keys and a history in the order of time: what is at work at once lies on few pages, and pages are what a commit writes. */
const SCHEMA = `
CREATE TABLE instances (key INTEGER PRIMARY KEY, id TEXT UNIQUE, executionId TEXT, name TEXT, version TEXT, parent TEXT, status TEXT,
  input TEXT, output TEXT, customStatus TEXT, createdMs INTEGER, updatedMs INTEGER);
CREATE TABLE history (sequence INTEGER PRIMARY KEY, instanceKey INTEGER, events TEXT);
CREATE INDEX historyByInstance ON history (instanceKey);
CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT, executionId TEXT, dueMs INTEGER, body TEXT);
CREATE INDEX messagesByTarget ON messages (target);
CREATE TABLE activities (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT);
CREATE TABLE entities (id TEXT PRIMARY KEY, state TEXT) WITHOUT ROWID;
CREATE TABLE locks (entityId TEXT PRIMARY KEY, instanceId TEXT, executionId TEXT, lockId TEXT) WITHOUT ROWID;
CREATE INDEX locksByOwner ON locks (instanceId);
CREATE TABLE schedules (name TEXT PRIMARY KEY, status TEXT) WITHOUT ROWID;
`;

/** Pages in the log before they are moved to the file: 16 MB, four times SQLite's default, since each move waits for the disk twice. */
const CHECKPOINT_PAGES = 4_000;

const INSTANCE_COLUMNS =
  'executionId, name, version, parent, status, input, output, customStatus, createdMs, updatedMs';
const PUT_INSTANCE = `INSERT INTO instances (id, ${INSTANCE_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)
  ON CONFLICT (id) DO UPDATE SET (${INSTANCE_COLUMNS}) = (${INSTANCE_COLUMNS.replace(/\w+/g, 'excluded.$&')})`;
const KEY_OF = '(SELECT key FROM instances WHERE id = ?)';

export type RuntimeStatus = 'Pending' | 'Running' | 'Suspended' | 'Completed' | 'Failed' | 'Terminated';

export interface InstanceRow {
  id: string;
  executionId: string;
  name: string;
  version: string | null;
  parent: ParentInstance | null;
  status: RuntimeStatus;
  /** JSON text, as are output and customStatus. */
  input: string | null;
  output: string | null;
  customStatus: string | null;
  createdMs: number;
  updatedMs: number;
}

export interface EntityRequest {
  op: string;
  /** JSON text. */
  input?: string;
  id: string;
  signal: boolean;
  /** Who waits for the answer. */
  caller?: { instanceId: string; executionId: string };
  /** Of a lock request: all entities to lock, in order, and the one that it has come to. */
  lockSet?: string[];
  lockPosition?: number;
  /** Ends the lock that has this request's id. */
  releases?: boolean;
}

/** The orchestration that holds an entity. */
export interface EntityLock {
  instanceId: string;
  executionId: string;
  lockId: string;
}

/** Something for an orchestration (event) or an entity (request), due at `dueMs` (0: at once). */
export interface Message {
  /** Row in the store; 0 for the result of an activity, which is stored as long as its activity is. */
  id: number;
  target: string;
  dueMs: number;
  /** The generation that waits for it; absent if any may take it. */
  executionId?: string;
  event?: HistoryEvent;
  request?: EntityRequest;
  /** Activity whose row goes when this result is consumed. */
  activityId?: number;
}

export interface ActivityWork {
  id: number;
  instanceId: string;
  executionId: string;
  taskId: number;
  name: string;
  /** JSON text of an array with the one input. */
  input: string;
}

export interface InstanceFilter {
  createdFromMs?: number;
  createdToMs?: number;
  statuses?: string[];
  idPrefix?: string;
  /** Only ids after this one. */
  afterId?: string;
  limit: number;
}

export class Store {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Throws when the file was written by another version of this host. */
  constructor(file = ':memory:') {
    this.#db = new DatabaseSync(file);
    this.#db.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};`,
    );
    const version = this.#one<{ user_version: number }>('PRAGMA user_version')!.user_version;
    if (version === 0) this.#db.exec(`BEGIN; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
    else if (version !== SCHEMA_VERSION)
      throw new Error(
        `"${file}" has schema ${version}, this host writes ${SCHEMA_VERSION}. Delete the file to start anew.`,
      );
  }

  close(): void {
    this.#db.close();
  }

  transaction<T>(work: () => T): T {
    this.#run('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#run('COMMIT');
      return result;
    } catch (error) {
      this.#run('ROLLBACK');
      throw error;
    }
  }

  /** Within a transaction: what `work` has written is undone if it throws, and only that. */
  savepoint<T>(work: () => T): T {
    this.#run('SAVEPOINT work');
    try {
      const result = work();
      this.#run('RELEASE work');
      return result;
    } catch (error) {
      this.#run('ROLLBACK TO work');
      this.#run('RELEASE work');
      throw error;
    }
  }

  instance(id: string): InstanceRow | undefined {
    const row = this.#one<Record<string, unknown>>(`SELECT id, ${INSTANCE_COLUMNS} FROM instances WHERE id = ?`, id);
    return row && toInstance(row);
  }

  putInstance(row: InstanceRow): void {
    this.#run(
      PUT_INSTANCE,
      ...[row.id, row.executionId, row.name, row.version, row.parent && JSON.stringify(row.parent), row.status],
      ...[row.input, row.output, row.customStatus, row.createdMs, row.updatedMs],
    );
  }

  instances(filter: InstanceFilter): InstanceRow[] {
    const statuses = filter.statuses ?? [];
    const where = ['id > ?', 'createdMs >= ?', 'createdMs <= ?', 'substr(id, 1, length(?)) = ?'];
    if (statuses.length > 0) where.push(`status IN (${statuses.map(() => '?').join()})`);
    const prefix = filter.idPrefix ?? '';
    return this.#db
      .prepare(`SELECT id, ${INSTANCE_COLUMNS} FROM instances WHERE ${where.join(' AND ')} ORDER BY id LIMIT ?`)
      .all(
        ...[
          filter.afterId ?? '',
          filter.createdFromMs ?? 0,
          filter.createdToMs ?? Number.MAX_SAFE_INTEGER,
          prefix,
          prefix,
        ],
        ...statuses,
        filter.limit,
      )
      .map(toInstance);
  }

  deleteInstance(id: string): void {
    this.clearHistory(id);
    this.#run('DELETE FROM instances WHERE id = ?', id);
  }

  history(id: string): HistoryEvent[] {
    const sql = `SELECT events FROM history WHERE instanceKey = ${KEY_OF} ORDER BY sequence`;
    return this.#all<{ events: string }>(sql, id).flatMap((row) => JSON.parse(row.events) as HistoryEvent[]);
  }

  /** Adds the events of a turn, as one row. */
  appendHistory(id: string, events: HistoryEvent[]): void {
    this.#run(`INSERT INTO history (instanceKey, events) VALUES (${KEY_OF}, ?)`, id, JSON.stringify(events));
  }

  clearHistory(id: string): void {
    this.#run(`DELETE FROM history WHERE instanceKey = ${KEY_OF}`, id);
  }

  /** Stores a message and returns its id. */
  addMessage(message: Omit<Message, 'id'>): number {
    const { target, dueMs, executionId, ...body } = message;
    const sql = 'INSERT INTO messages (target, executionId, dueMs, body) VALUES (?,?,?,?)';
    return Number(this.#run(sql, target, executionId ?? null, dueMs, JSON.stringify(body)));
  }

  /** Removes a message that has been acted on; for a result, the activity that it came from. */
  consume(message: Message): void {
    if (message.id > 0) this.#run('DELETE FROM messages WHERE id = ?', message.id);
    if (message.activityId !== undefined) this.removeActivity(message.activityId);
  }

  /** Removes all messages to a target, or only those that one of its generations waits for. */
  deleteMessagesTo(target: string, executionId?: string): void {
    if (executionId === undefined) this.#run('DELETE FROM messages WHERE target = ?', target);
    else this.#run('DELETE FROM messages WHERE target = ? AND executionId = ?', target, executionId);
  }

  messages(): Message[] {
    type Row = { id: number; target: string; executionId: string | null; dueMs: number; body: string };
    return this.#all<Row>('SELECT * FROM messages ORDER BY id').map(({ body, executionId, ...row }) => ({
      ...row,
      executionId: executionId ?? undefined,
      ...JSON.parse(body),
    }));
  }

  addActivity(work: Omit<ActivityWork, 'id'>): number {
    return Number(this.#run('INSERT INTO activities (body) VALUES (?)', JSON.stringify(work)));
  }

  removeActivity(id: number): void {
    this.#run('DELETE FROM activities WHERE id = ?', id);
  }

  activities(): ActivityWork[] {
    return this.#all<{ id: number; body: string }>('SELECT * FROM activities ORDER BY id').map(({ id, body }) => ({
      id,
      ...JSON.parse(body),
    }));
  }

  /** State of an entity as JSON text, null if it never set one; undefined if it does not exist. */
  entity(id: string): string | null | undefined {
    return this.#one<{ state: string | null }>('SELECT state FROM entities WHERE id = ?', id)?.state;
  }

  putEntity(id: string, state: string | null): void {
    this.#run('INSERT OR REPLACE INTO entities VALUES (?,?)', id, state);
  }

  deleteEntity(id: string): void {
    this.#run('DELETE FROM entities WHERE id = ?', id);
  }

  lock(entityId: string): EntityLock | undefined {
    return this.#one<EntityLock>('SELECT instanceId, executionId, lockId FROM locks WHERE entityId = ?', entityId);
  }

  /** Sets the lock of an entity, or takes it away. */
  putLock(entityId: string, lock: EntityLock | undefined): void {
    if (!lock) this.#run('DELETE FROM locks WHERE entityId = ?', entityId);
    else
      this.#run(
        'INSERT OR REPLACE INTO locks VALUES (?,?,?,?)',
        entityId,
        lock.instanceId,
        lock.executionId,
        lock.lockId,
      );
  }

  locksOf(instanceId: string): { entityId: string; lockId: string }[] {
    return this.#all('SELECT entityId, lockId FROM locks WHERE instanceId = ?', instanceId);
  }

  schedule<T>(name: string): T | undefined {
    const row = this.#one<{ status: string }>('SELECT status FROM schedules WHERE name = ?', name);
    return row && (JSON.parse(row.status) as T);
  }

  putSchedule(name: string, status: unknown): void {
    this.#run('INSERT OR REPLACE INTO schedules VALUES (?,?)', name, JSON.stringify(status));
  }

  #prepare(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #run(sql: string, ...values: SQLInputValue[]): number | bigint {
    return this.#prepare(sql).run(...values).lastInsertRowid;
  }

  #one<T>(sql: string, ...values: SQLInputValue[]): T | undefined {
    return this.#prepare(sql).get(...values) as T | undefined;
  }

  #all<T>(sql: string, ...values: SQLInputValue[]): T[] {
    return this.#prepare(sql).all(...values) as T[];
  }
}

function toInstance(row: Record<string, unknown>): InstanceRow {
  const parent = row['parent'] as string | null;
  return { ...(row as unknown as InstanceRow), parent: parent ? (JSON.parse(parent) as ParentInstance) : null };
}
