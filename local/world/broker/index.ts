/**
 * A Service Bus namespace on this machine, for the unmodified `@azure/service-bus` SDK; what it can and cannot do is in
 * README.md.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.js';
import { noticing } from '../fault-windows.js';
import { readFields, rewrite } from './amqp/codec.js';
import { AmqpServer } from './amqp/server.js';
import { readTopology } from './config/topology.js';
import { Deadlines } from './engine/deadlines.js';
import { Namespace } from './engine/namespace.js';
import type { BrokerFaults } from './faults.js';
import { GroupCommit } from './group-commit.js';
import { SqliteJournal } from './journal.js';
import { type BrokerLimits, STANDARD_TIER } from './limits.js';

export type { BrokerFaults, FaultCounts, Outage } from './faults.js';
export type { BrokerLimits } from './limits.js';

export interface BrokerOptions {
  clock: Clock;
  /** Content of a config.json in the official emulator's format. Values outside its limits are warnings in the log. */
  config: unknown;
  /** SQLite file; absent: in memory. */
  dataFile?: string;
  /** 0 or absent: any free port. Always on 127.0.0.1. */
  port?: number;
  log?: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
  faults?: BrokerFaults;
  /** Other than the standard tier's. */
  limits?: Partial<BrokerLimits>;
}

export interface Broker {
  port: number;
  /** For `new ServiceBusClient(...)`; the key is not checked. */
  connectionString: string;
  /** May be changed at any time, here: `forSeconds` count from the assignment. */
  faults: BrokerFaults;
  /**
   * Messages of one entity by path, such as `queue`, `topic/Subscriptions/name`, or `topic` (only scheduled). Throws
   * for an unknown path.
   */
  counts(entityPath: string): EntityCounts;
  /** Receivers that wait for the next free session of an entity. */
  waitingForSession(entityPath: string): number;
  /**
   * Drops all connections and releases the port and the file. What was acknowledged is stored. A second call changes
   * nothing.
   */
  close(): Promise<void>;
}

export interface EntityCounts {
  /** Deliverable, locked or deferred. */
  active: number;
  scheduled: number;
  deadLetter: number;
  locked: number;
}

/** The SDK wants a key, the broker does not look at it. */
const CREDENTIALS = 'SharedAccessKeyName=local;SharedAccessKey=local';

/** Starts the broker. @throws Error when the configuration is not valid, naming each key. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { clock, faults = {}, log = () => {} } = options;
  const limits = { ...STANDARD_TIER, ...options.limits };
  const topology = readTopology(options.config, (message) => log('warn', message));
  const journal = new SqliteJournal(options.dataFile, clock.now);
  const worldDeadlines = new Deadlines(clock);
  const wireDeadlines = new Deadlines(clock.wire);
  const commit = new GroupCommit(journal, (queue) => server.deliver(queue), stopAfterFailure);
  const namespace = new Namespace(topology, {
    now: clock.now,
    worldDeadlines,
    wireNow: clock.wire.now,
    wireDeadlines,
    journal,
    newLockToken: randomUUID,
    readFields,
    rewrite,
    entityMaxBytes: limits.entityBytes,
    wake: (queue) => commit.requestDelivery(queue),
  });
  const server = new AmqpServer({
    namespace,
    commit,
    faults,
    limits,
    now: clock.now,
    wireAfter: clock.wire.after,
    log,
  });

  const restored = journal.load();
  const orphans = namespace.restore(restored);
  for (const path of orphans)
    log('warn', `Messages of "${path}" are kept, but the configuration no longer declares it.`);
  const port = await server.listen(options.port ?? 0).catch((error: Error) => {
    journal.close();
    throw new Error(`The broker cannot listen on 127.0.0.1:${options.port ?? 0}: ${error.message}`);
  });
  /** What an outage held back goes out when it is taken away, or over. */
  const onFaultsChanged = () => {
    const wake = () => server.deliverAll();
    for (const { untilMs } of Object.values(faults.down ?? {})) if (untilMs) worldDeadlines.at(untilMs, wake);
    wake();
  };
  const settable = noticing(faults, clock.now, onFaultsChanged);
  onFaultsChanged();
  const unwatch = clock.watch('broker', () => commit.isIdle && server.isIdle);
  log('info', `Service Bus broker on 127.0.0.1:${port}, ${restored.messages.length} messages restored`);

  async function stop(): Promise<void> {
    unwatch();
    worldDeadlines.close();
    wireDeadlines.close();
    await server.close();
  }

  let closed: Promise<void> | undefined;
  async function close(): Promise<void> {
    commit.close();
    await stop();
    journal.close();
  }

  /** Going on would acknowledge what is not stored. */
  function stopAfterFailure(error: unknown): void {
    log('error', `The broker stops: its data file cannot be written (${String(error)})`);
    void stop();
  }

  return {
    port,
    connectionString: `Endpoint=sb://127.0.0.1:${port};${CREDENTIALS};UseDevelopmentEmulator=true`,
    faults: settable,
    counts: (entityPath) => countMessages(namespace, entityPath),
    waitingForSession: (entityPath) => server.waitingForSession(namespace.findQueue(entityPath)),
    close: () => (closed ??= close()),
  };
}

function countMessages(namespace: Namespace, entityPath: string): EntityCounts {
  const queue = namespace.findQueue(entityPath);
  const scheduled = (queue ? namespace.findIntake(entityPath) : namespace.intakeAt(entityPath))?.scheduled.size ?? 0;
  return {
    active: queue?.messages.size ?? 0,
    scheduled,
    deadLetter: queue?.deadLetters?.messages.size ?? 0,
    locked: queue?.lockedCount ?? 0,
  };
}
