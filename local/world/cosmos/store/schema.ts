/**
 * The tables behind the server. Every write of a request is one transaction with synchronous=FULL: what was answered
 * survives a kill.
 */
import { DatabaseSync } from 'node:sqlite';

/** Bumped when the tables change in a way that old files can't be read. */
const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE databases (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
  CREATE TABLE containers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    database INTEGER NOT NULL REFERENCES databases ON DELETE CASCADE,
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    lsn INTEGER NOT NULL,
    UNIQUE (database, name));
  CREATE TABLE items (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    container INTEGER NOT NULL REFERENCES containers ON DELETE CASCADE,
    partition TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    lsn INTEGER NOT NULL,
    ts INTEGER NOT NULL,
    ttl INTEGER,
    expires_at INTEGER,
    UNIQUE (container, partition, id));
  CREATE INDEX items_by_id ON items (container, id);
  CREATE INDEX items_by_lsn ON items (container, lsn);
  CREATE INDEX items_by_expiry ON items (container, expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE unique_values (
    container INTEGER NOT NULL,
    partition TEXT NOT NULL,
    constraint_index INTEGER NOT NULL,
    value TEXT NOT NULL,
    item INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
    PRIMARY KEY (container, partition, constraint_index, value)) WITHOUT ROWID;
  CREATE INDEX unique_values_by_item ON unique_values (item);
`;

/** Opens the data file (or memory, without one) and creates the tables of a new one. */
export function openDatabase(dataFile?: string): DatabaseSync {
  const database = new DatabaseSync(dataFile ?? ':memory:');
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
  const version = database.prepare('PRAGMA user_version').get()!.user_version;
  if (version === 0) database.exec(`BEGIN; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
  else if (version !== SCHEMA_VERSION)
    throw new Error(
      `${dataFile} has schema version ${version}, this server needs ${SCHEMA_VERSION}: delete the file to start anew.`,
    );
  return database;
}
