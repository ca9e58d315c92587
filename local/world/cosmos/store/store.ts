/**
 * The durable state of the account: settings, databases, containers, and the log sequence number (LSN) that orders all
 * writes.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ContainerDefinition } from '../container-definition.js';
import { ItemTable } from './item-table.js';
import { openDatabase } from './schema.js';

export interface Container {
  key: number;
  databaseKey: number;
  databaseId: string;
  definition: ContainerDefinition;
  /** LSN of the last change of the definition: its ETag. */
  lsn: number;
}

export interface Database {
  key: number;
  id: string;
}

export class Store {
  readonly items: ItemTable;
  private readonly sqlite: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();
  private isInTransaction = false;
  private lastLsn: number;

  constructor(dataFile?: string) {
    this.sqlite = openDatabase(dataFile);
    this.items = new ItemTable((sql) => this.prepare(sql));
    this.lastLsn = Number(this.setting('lsn') ?? 0);
  }

  close(): void {
    this.sqlite.close();
  }

  /**
   * Runs `work` as one durable transaction: all of it is on disk when this returns, or none of it. An inner one can
   * fail alone.
   */
  transaction<T>(work: () => T): T {
    const lsnBefore = this.lastLsn;
    const isOuter = !this.isInTransaction;
    this.isInTransaction = true;
    this.sqlite.exec(isOuter ? 'BEGIN IMMEDIATE' : 'SAVEPOINT step');
    try {
      const result = work();
      if (isOuter && this.lastLsn !== lsnBefore) this.saveSetting('lsn', String(this.lastLsn));
      this.sqlite.exec(isOuter ? 'COMMIT' : 'RELEASE step');
      return result;
    } catch (error) {
      this.sqlite.exec(isOuter ? 'ROLLBACK' : 'ROLLBACK TO step; RELEASE step');
      this.lastLsn = lsnBefore;
      throw error;
    } finally {
      this.isInTransaction = !isOuter;
    }
  }

  /** The next LSN: within a transaction only. */
  nextLsn(): number {
    return ++this.lastLsn;
  }

  get lsn(): number {
    return this.lastLsn;
  }

  setting(name: string): string | undefined {
    return this.prepare('SELECT value FROM settings WHERE name = ?').get(name)?.value as string | undefined;
  }

  saveSetting(name: string, value: string): void {
    this.prepare('INSERT INTO settings VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value').run(
      name,
      value,
    );
  }

  databases(): Database[] {
    return this.prepare('SELECT id AS key, name AS id FROM databases ORDER BY key').all() as unknown as Database[];
  }

  database(id: string): Database | undefined {
    const row = this.prepare('SELECT id AS key, name AS id FROM databases WHERE name = ?').get(id);
    return row as unknown as Database | undefined;
  }

  createDatabase(id: string): void {
    this.prepare('INSERT INTO databases (name) VALUES (?)').run(id);
  }

  deleteDatabase(key: number): void {
    this.prepare('DELETE FROM databases WHERE id = ?').run(key);
  }

  containers(database: Database): Container[] {
    return this.prepare(`${SELECT_CONTAINER} WHERE c.database = ? ORDER BY c.id`).all(database.key).map(containerOf);
  }

  container(databaseId: string, id: string): Container | undefined {
    const row = this.prepare(`${SELECT_CONTAINER} WHERE d.name = ? AND c.name = ?`).get(databaseId, id);
    return row && containerOf(row);
  }

  createContainer(database: Database, definition: ContainerDefinition): void {
    this.prepare('INSERT INTO containers (database, name, definition, lsn) VALUES (?, ?, ?, ?)').run(
      database.key,
      definition.id,
      JSON.stringify(definition),
      this.nextLsn(),
    );
  }

  /** Stores the new definition; a changed default TTL counts for the items that are there already. */
  replaceContainer(container: Container, definition: ContainerDefinition): void {
    this.prepare('UPDATE containers SET definition = ?, lsn = ? WHERE id = ?').run(
      JSON.stringify(definition),
      this.nextLsn(),
      container.key,
    );
    this.items.applyDefaultTtl(container.key, definition.defaultTtl);
  }

  deleteContainer(key: number): void {
    this.prepare('DELETE FROM containers WHERE id = ?').run(key);
  }

  /** Prepares once per text: all SQL here is constant, so the map stays small. */
  private prepare(sql: string): StatementSync {
    const statement = this.statements.get(sql) ?? this.sqlite.prepare(sql);
    this.statements.set(sql, statement);
    return statement;
  }
}

const SELECT_CONTAINER = `SELECT c.id, c.definition, c.lsn, d.id AS databaseKey, d.name AS databaseId
  FROM containers c JOIN databases d ON d.id = c.database`;

function containerOf(row: Record<string, unknown>): Container {
  return {
    key: row.id as number,
    databaseKey: row.databaseKey as number,
    databaseId: row.databaseId as string,
    definition: JSON.parse(row.definition as string) as ContainerDefinition,
    lsn: row.lsn as number,
  };
}
