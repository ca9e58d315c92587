/**
 * What survives: messages (scheduled and deferred ones too), the state of sessions, rules of run time,
 * sequence counters and the history of duplicate detection, in one SQLite file. Changes collect in memory and are written by `commit` in one transaction; of several changes to one message
 * only the last counts.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { deserialize, serialize } from 'node:v8';
import type { Journal, StoredMessage } from './engine/message.js';
import type { Restored } from './engine/namespace.js';

/** One entry a schema version: each leads from the version before it. */
const MIGRATIONS = [
  `
  CREATE TABLE message (
    entity TEXT NOT NULL COLLATE NOCASE, sequence INTEGER NOT NULL, scheduled INTEGER NOT NULL,
    message_id TEXT NOT NULL, enqueued_at INTEGER NOT NULL, ttl INTEGER, scheduled_for INTEGER,
    delivery_count INTEGER NOT NULL, dead_letter_source TEXT, added BLOB, annotations BLOB, bare BLOB NOT NULL,
    PRIMARY KEY (entity, sequence));
  CREATE TABLE seen (
    entity TEXT NOT NULL COLLATE NOCASE, message_id TEXT NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (entity, message_id)) WITHOUT ROWID;
  CREATE TABLE counter (
    entity TEXT PRIMARY KEY COLLATE NOCASE, next_sequence INTEGER NOT NULL) WITHOUT ROWID;
  `,
  `
  ALTER TABLE message ADD COLUMN session_id TEXT;
  ALTER TABLE message ADD COLUMN deferred INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE session_state (
    entity TEXT NOT NULL COLLATE NOCASE, session_id TEXT NOT NULL, state BLOB NOT NULL,
    PRIMARY KEY (entity, session_id)) WITHOUT ROWID;
  CREATE TABLE rule (
    entity TEXT NOT NULL COLLATE NOCASE, name TEXT NOT NULL COLLATE NOCASE, definition TEXT,
    PRIMARY KEY (entity, name));
  `,
];

type Statement = 'save' | 'remove' | 'remember' | 'forget' | 'counter' | 'setState' | 'clearState' | 'rule';

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
  session_id: string | null;
  deferred: number;
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
  private readonly statements: Record<Statement, StatementSync>;
  private readonly messageChanges = new Map<string, MessageChange>();
  private readonly seenChanges: { entity: string; messageId: string; untilMs: number }[] = [];
  private readonly counterChanges = new Map<string, number>();
  private readonly sessionChanges: { entity: string; sessionId: string; state: Buffer | undefined }[] = [];
  private readonly ruleChanges: { entity: string; name: string; definition: unknown }[] = [];
  /** Called when there is something to commit. */
  onChange: () => void = () => {};

  /** @param dataFile Path of the database; absent: in memory, gone when the broker closes. */
  constructor(
    dataFile: string | undefined,
    private readonly now: () => number,
  ) {
    this.database = new DatabaseSync(dataFile ?? ':memory:');
    this.database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    this.migrate(dataFile);
    this.statements = {
      save: this.database.prepare('INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
      remove: this.database.prepare('DELETE FROM message WHERE entity = ? AND sequence = ?'),
      remember: this.database.prepare('INSERT OR REPLACE INTO seen VALUES (?, ?, ?)'),
      forget: this.database.prepare('DELETE FROM seen WHERE entity = ? AND until <= ?'),
      counter: this.database.prepare('INSERT OR REPLACE INTO counter VALUES (?, ?)'),
      setState: this.database.prepare('INSERT OR REPLACE INTO session_state VALUES (?, ?, ?)'),
      rule: this.database.prepare('INSERT OR REPLACE INTO rule VALUES (?, ?, ?)'),
      clearState: this.database.prepare('DELETE FROM session_state WHERE entity = ? AND session_id = ?'),
    };
  }

  get hasChanges(): boolean {
    const listed = this.seenChanges.length + this.sessionChanges.length + this.ruleChanges.length;
    return this.messageChanges.size + listed + this.counterChanges.size > 0;
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

  saveSessionState(entity: string, sessionId: string, state: Buffer | undefined): void {
    this.sessionChanges.push({ entity, sessionId, state });
    this.onChange();
  }

  saveRule(entity: string, name: string, definition: unknown): void {
    this.ruleChanges.push({ entity, name, definition });
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
    for (const { entity, sessionId, state } of this.sessionChanges) {
      if (state) this.statements.setState.run(entity, sessionId, state);
      else this.statements.clearState.run(entity, sessionId);
    }
    for (const { entity, name, definition } of this.ruleChanges) {
      this.statements.rule.run(entity, name, definition === undefined ? null : JSON.stringify(definition));
    }
    this.database.exec('COMMIT');
    this.messageChanges.clear();
    this.seenChanges.length = 0;
    this.counterChanges.clear();
    this.sessionChanges.length = 0;
    this.ruleChanges.length = 0;
  }

  load(): Restored {
    const rows = this.database.prepare('SELECT * FROM message ORDER BY entity, sequence').all();
    const seen = this.database.prepare('SELECT entity, message_id, until FROM seen ORDER BY until').all();
    const counters = this.database.prepare('SELECT entity, next_sequence FROM counter').all();
    const rules = this.database.prepare('SELECT entity, name, definition FROM rule ORDER BY rowid').all();
    const states = this.database.prepare('SELECT entity, session_id, state FROM session_state').all();
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
      rules: rules.map((row) => ({
        entityPath: String(row['entity']),
        name: String(row['name']),
        definition: row['definition'] === null ? undefined : JSON.parse(String(row['definition'])),
      })),
      sessionStates: states.map((row) => ({
        entityPath: String(row['entity']),
        sessionId: String(row['session_id']),
        state: toBuffer(row['state'] as Uint8Array),
      })),
    };
  }

  close(): void {
    this.database.close();
  }

  private migrate(dataFile: string | undefined): void {
    const version = Number(this.database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version > MIGRATIONS.length) {
      throw new Error(
        `${dataFile} has broker schema ${version}; this version knows ${MIGRATIONS.length}. Use a newer one.`,
      );
    }
    for (const [index, migration] of MIGRATIONS.entries()) {
      if (index >= version) this.database.exec(`BEGIN; ${migration} PRAGMA user_version = ${index + 1}; COMMIT;`);
    }
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
    const { draft, enqueuedAtMs, deliveryCount, lockToken, deadLetterSource, added, deferred } = message;
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
      draft.sessionId ?? null,
      deferred ? 1 : 0,
    );
  }
}

function fromRow(row: MessageRow): Restored['messages'][number] {
  const message: StoredMessage = {
    sequence: row.sequence,
    enqueuedAtMs: row.enqueued_at,
    deliveryCount: row.delivery_count,
    deadLetterSource: row.dead_letter_source ?? undefined,
    deferred: row.deferred === 1,
    added: row.added ? deserialize(Buffer.from(row.added)) : undefined,
    draft: {
      bare: toBuffer(row.bare),
      annotations: row.annotations ? toBuffer(row.annotations) : undefined,
      messageId: row.message_id,
      sessionId: row.session_id ?? undefined,
      ttlMs: row.ttl ?? undefined,
      scheduledForMs: row.scheduled_for ?? undefined,
    },
  };
  return { entityPath: row.entity, message, scheduled: row.scheduled === 1 };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
