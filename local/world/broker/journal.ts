/**
 * What survives: messages, scheduled messages, sequence counters and the history of duplicate detection, in one SQLite
 * file. Changes collect in memory and are written by `commit` in one transaction; of several changes to one message
 * only the last counts.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { deserialize, serialize } from 'node:v8';
import type { Journal, StoredMessage } from './engine/message.js';
import type { Restored } from './engine/namespace.js';

const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS message (
    entity TEXT NOT NULL COLLATE NOCASE, sequence INTEGER NOT NULL, scheduled INTEGER NOT NULL,
    message_id TEXT NOT NULL, enqueued_at INTEGER NOT NULL, ttl INTEGER, scheduled_for INTEGER,
    delivery_count INTEGER NOT NULL, dead_letter_source TEXT, added BLOB, annotations BLOB, bare BLOB NOT NULL,
    PRIMARY KEY (entity, sequence));
  CREATE TABLE IF NOT EXISTS seen (
    entity TEXT NOT NULL COLLATE NOCASE, message_id TEXT NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (entity, message_id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS counter (
    entity TEXT PRIMARY KEY COLLATE NOCASE, next_sequence INTEGER NOT NULL) WITHOUT ROWID;
`;

interface MessageRow {
  entity: string;
  sequence: number;
  scheduled: number;
  message_id: string;
  enqueued_at: number;
  ttl: number | null;
  scheduled_for: number | null;
  delivery_count: number;
  dead_letter_source: string | null;
  added: Uint8Array | null;
  annotations: Uint8Array | null;
  bare: Uint8Array;
}

interface MessageChange {
  entity: string;
  sequence: number;
  /** Absent: removed. */
  message?: StoredMessage;
  scheduled?: boolean;
}

export class SqliteJournal implements Journal {
  private readonly database: DatabaseSync;
  private readonly statements: Record<'save' | 'remove' | 'remember' | 'forget' | 'counter', StatementSync>;
  private readonly messageChanges = new Map<string, MessageChange>();
  private readonly seenChanges: { entity: string; messageId: string; untilMs: number }[] = [];
  private readonly counterChanges = new Map<string, number>();
  /** Called when there is something to commit. */
  onChange: () => void = () => {};

  /** @param dataFile Path of the database; absent: in memory, gone when the broker closes. */
  constructor(
    dataFile: string | undefined,
    private readonly now: () => number,
  ) {
    this.database = new DatabaseSync(dataFile ?? ':memory:');
    this.database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    const version = Number(this.database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version > SCHEMA_VERSION) {
      throw new Error(
        `${dataFile} has broker schema ${version}; this version knows ${SCHEMA_VERSION}. Use a newer one.`,
      );
    }
    this.database.exec(`${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION};`);
    this.statements = {
      save: this.database.prepare('INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
      remove: this.database.prepare('DELETE FROM message WHERE entity = ? AND sequence = ?'),
      remember: this.database.prepare('INSERT OR REPLACE INTO seen VALUES (?, ?, ?)'),
      forget: this.database.prepare('DELETE FROM seen WHERE entity = ? AND until <= ?'),
      counter: this.database.prepare('INSERT OR REPLACE INTO counter VALUES (?, ?)'),
    };
  }

  get hasChanges(): boolean {
    return this.messageChanges.size + this.seenChanges.length + this.counterChanges.size > 0;
  }

  save(entity: string, message: StoredMessage, scheduled = false): void {
    this.change({ entity, sequence: message.sequence, message, scheduled });
  }

  remove(entity: string, sequence: number): void {
    this.change({ entity, sequence });
  }

  remember(entity: string, messageId: string, untilMs: number): void {
    this.seenChanges.push({ entity, messageId, untilMs });
    this.onChange();
  }

  saveCounter(entity: string, nextSequence: number): void {
    this.counterChanges.set(entity, nextSequence);
    this.onChange();
  }

  /**
   * Writes everything in one transaction. Throws what SQLite throws; the changes are lost then, and so must be the
   * broker.
   */
  commit(): void {
    if (!this.hasChanges) return;
    this.database.exec('BEGIN IMMEDIATE');
    for (const change of this.messageChanges.values()) this.writeMessage(change);
    for (const { entity, messageId, untilMs } of this.seenChanges)
      this.statements.remember.run(entity, messageId, untilMs);
    for (const entity of new Set(this.seenChanges.map((change) => change.entity))) {
      this.statements.forget.run(entity, this.now());
    }
    for (const [entity, nextSequence] of this.counterChanges) this.statements.counter.run(entity, nextSequence);
    this.database.exec('COMMIT');
    this.messageChanges.clear();
    this.seenChanges.length = 0;
    this.counterChanges.clear();
  }

  load(): Restored {
    const rows = this.database.prepare('SELECT * FROM message ORDER BY entity, sequence').all();
    const seen = this.database.prepare('SELECT entity, message_id, until FROM seen ORDER BY until').all();
    const counters = this.database.prepare('SELECT entity, next_sequence FROM counter').all();
    return {
      messages: (rows as unknown as MessageRow[]).map(fromRow),
      seen: seen.map((row) => ({
        entityPath: String(row['entity']),
        messageId: String(row['message_id']),
        untilMs: Number(row['until']),
      })),
      counters: counters.map((row) => ({
        entityPath: String(row['entity']),
        nextSequence: Number(row['next_sequence']),
      })),
    };
  }

  close(): void {
    this.database.close();
  }

  private change(change: MessageChange): void {
    this.messageChanges.set(`${change.entity} ${change.sequence}`, change);
    this.onChange();
  }

  /**
   * A message that is out for delivery is stored with that delivery counted: after a crash nobody else could count it.
   */
  private writeMessage({ entity, sequence, message, scheduled }: MessageChange): void {
    if (!message) {
      this.statements.remove.run(entity, sequence);
      return;
    }
    const { draft, enqueuedAtMs, deliveryCount, lockToken, deadLetterSource, added } = message;
    this.statements.save.run(
      entity,
      sequence,
      scheduled ? 1 : 0,
      draft.messageId,
      enqueuedAtMs,
      draft.ttlMs ?? null,
      draft.scheduledForMs ?? null,
      deliveryCount + (lockToken === undefined ? 0 : 1),
      deadLetterSource ?? null,
      added ? serialize(added) : null,
      draft.annotations ?? null,
      draft.bare,
    );
  }
}

function fromRow(row: MessageRow): Restored['messages'][number] {
  const message: StoredMessage = {
    sequence: row.sequence,
    enqueuedAtMs: row.enqueued_at,
    deliveryCount: row.delivery_count,
    deadLetterSource: row.dead_letter_source ?? undefined,
    added: row.added ? deserialize(Buffer.from(row.added)) : undefined,
    draft: {
      bare: toBuffer(row.bare),
      annotations: row.annotations ? toBuffer(row.annotations) : undefined,
      messageId: row.message_id,
      ttlMs: row.ttl ?? undefined,
      scheduledForMs: row.scheduled_for ?? undefined,
    },
  };
  return { entityPath: row.entity, message, scheduled: row.scheduled === 1 };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
