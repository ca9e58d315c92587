/**
 * The state of the simulated Azure: JSON documents in named collections, in one SQLite file. A request is one transaction that is committed
 * before it is answered, so whatever was acknowledged survives a kill.
 */
import { DatabaseSync } from 'node:sqlite';

/** A named set of documents with text keys. Keys that are resource ids are kept in lower case, as ARM compares them. */
export type Collection =
  | 'resources'
  | 'operations'
  | 'deleted'
  | 'principals'
  | 'secrets'
  | 'objects'
  | 'changes'
  | 'meta';

/** Sorts after every character a key can hold: the end of a prefix scan. */
const LAST_CHARACTER = '\u{10FFFF}';

export class Store {
  readonly #database: DatabaseSync;
  /** Whole collections as last read: the gateway looks through the resources on every call. */
  readonly #whole = new Map<Collection, { revision: number; documents: unknown[] }>();
  /** Counts committed and uncommitted writes: a cache built at one revision is right while the revision stands. */
  revision = 0;
  /** Called after every transaction; each removes itself. */
  readonly onCommit = new Set<() => void>();

  constructor(file = ':memory:') {
    this.#database = new DatabaseSync(file);
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS documents (
        collection TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (collection, key)
      ) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS jobs (
        id INTEGER PRIMARY KEY, due_ms INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, data TEXT NOT NULL
      );
      CREATE INDEX IF NOT EXISTS jobs_by_due ON jobs (due_ms, id);
    `);
  }

  /** For the few tables that are not documents (the jobs). */
  get database(): DatabaseSync {
    return this.#database;
  }

  get<T>(collection: Collection, key: string): T | undefined {
    const row = this.#statement('SELECT body FROM documents WHERE collection = ? AND key = ?').get(collection, key);
    return row && (JSON.parse(String(row['body'])) as T);
  }

  /** All documents whose key starts with `prefix`, in key order. They may be shared: copy before a change. */
  list<T>(collection: Collection, prefix = ''): T[] {
    if (prefix !== '') return this.#scan(collection, prefix);
    const known = this.#whole.get(collection);
    if (known?.revision === this.revision) return known.documents as T[];
    const documents = this.#scan<T>(collection, prefix);
    this.#whole.set(collection, { revision: this.revision, documents });
    return documents;
  }

  #scan<T>(collection: Collection, prefix: string): T[] {
    const rows = this.#statement(
      'SELECT body FROM documents WHERE collection = ? AND key >= ? AND key < ? ORDER BY key',
    ).all(collection, prefix, prefix + LAST_CHARACTER);
    return rows.map((row) => JSON.parse(String(row['body'])) as T);
  }

  /** All documents whose key comes after `key`, in key order. */
  after<T>(collection: Collection, key: string): T[] {
    const rows = this.#statement('SELECT body FROM documents WHERE collection = ? AND key > ? ORDER BY key').all(
      collection,
      key,
    );
    return rows.map((row) => JSON.parse(String(row['body'])) as T);
  }

  put(collection: Collection, key: string, value: unknown): void {
    this.revision++;
    this.#statement(
      'INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (collection, key) DO UPDATE SET body = excluded.body',
    ).run(collection, key, JSON.stringify(value));
  }

  delete(collection: Collection, key: string): void {
    this.revision++;
    this.#statement('DELETE FROM documents WHERE collection = ? AND key = ?').run(collection, key);
  }

  /** The next number of a persistent sequence, starting at 1. */
  next(counter: string): number {
    const row = this.#statement(
      'INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value',
    ).get(counter);
    return Number(row?.['value']);
  }

  /** The last number that the sequence gave; 0 before the first. */
  current(counter: string): number {
    return Number(this.#statement('SELECT value FROM counters WHERE name = ?').get(counter)?.['value'] ?? 0);
  }

  /** Runs `work` as one transaction: all of its writes are durable when it returns, none when it throws. */
  atomic<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      for (const notify of [...this.onCommit]) notify();
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      this.revision++;
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }

  readonly #statements = new Map<string, ReturnType<DatabaseSync['prepare']>>();

  #statement(sql: string) {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }
}
