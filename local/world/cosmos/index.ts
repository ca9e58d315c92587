/**
 * A Cosmos DB account (API for NoSQL) on one machine: a REST server over SQLite that the official SDKs talk to
 * unmodified. For development and tests; README.md lists what differs from the service.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.js';
import { noticing } from '../fault-windows.js';
import { type ContainerDefinition, checkReplacement } from './container-definition.js';
import type { CosmosFaults } from './faults.js';
import { listen } from './rest/server.js';
import { Store } from './store/store.js';

export type { ContainerDefinition } from './container-definition.js';
export type { CosmosFailure, CosmosFaults, CosmosOperation } from './faults.js';

export interface CosmosOptions {
  clock: Clock;
  /** What exists from the start, as a deployment would have created it. */
  databases: { id: string; containers: ContainerDefinition[] }[];
  /** SQLite file; without one everything is in memory. */
  dataFile?: string;
  /** Default: any free port. */
  port?: number;
  /** Account key, base64. Default: a random one, kept in the data file. */
  key?: string;
  /** Accept Microsoft Entra tokens, whatever they say. The SDK sends them over HTTPS only: see `tls`. */
  acceptTokens?: boolean;
  /** PEM texts: serve HTTPS with this certificate instead of HTTP. */
  tls?: { key: string; cert: string };
  faults?: CosmosFaults;
  log?: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
}

export interface CosmosServer {
  /** Such as `http://127.0.0.1:8081/`. */
  endpoint: string;
  /** Base64. */
  key: string;
  /** Change them at any time, here: `forSeconds` count from the assignment. */
  faults: CosmosFaults;
  /** Request units charged since the start. */
  chargedRequestUnits(): number;
  close(): Promise<void>;
}

const KEY_BYTES = 64;

/**
 * Starts the account and creates the containers that are missing. Throws if the data file holds a container of another
 * shape.
 */
export async function startCosmos(options: CosmosOptions): Promise<CosmosServer> {
  const { clock, faults = {}, acceptTokens = false, port = 0, log = () => {} } = options;
  const settable = noticing(faults, clock.now);
  const store = new Store(options.dataFile);
  try {
    const key = store.transaction(() => {
      createMissing(store, options.databases);
      return options.key ?? keptKey(store);
    });
    let charged = 0;
    const rest = await listen({
      charged: (requestUnits) => {
        charged += requestUnits;
      },
      store,
      faults,
      policy: { key, acceptTokens },
      nowMs: () => clock.now(),
      log,
      tls: options.tls,
      port,
    });
    const unwatch = clock.watch('cosmos', rest.isIdle);
    log('info', `Cosmos DB listens at ${rest.endpoint}`);
    const close = async () => {
      await rest.close();
      unwatch();
      store.close();
    };
    return { endpoint: rest.endpoint, key, faults: settable, chargedRequestUnits: () => charged, close };
  } catch (error) {
    store.close();
    throw error;
  }
}

function createMissing(store: Store, databases: CosmosOptions['databases']): void {
  for (const { id, containers } of databases) {
    if (!store.database(id)) store.createDatabase(id);
    for (const definition of containers) {
      const existing = store.container(id, definition.id);
      if (!existing) store.createContainer(store.database(id)!, definition);
      else if (JSON.stringify(existing.definition) !== JSON.stringify(definition)) {
        checkReplacement(existing.definition, definition);
        store.replaceContainer(existing, definition);
      }
    }
  }
}

function keptKey(store: Store): string {
  const key = store.setting('key') ?? randomBytes(KEY_BYTES).toString('base64');
  store.saveSetting('key', key);
  return key;
}
