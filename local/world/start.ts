/**
 * The whole world outside of an app, in one call: the simulated Azure, the Service Bus broker and the Cosmos DB server on one clock, with
 * their state in one directory.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../clock.js';
import { loadTls } from '../tls.js';
import {
  type AnsweredRequest,
  type AzureWorld,
  type Fault,
  type LatencyOverrides,
  type PortName,
  type RecordedRequest,
  startAzure,
} from './azure/index.js';
import { type Broker, startBroker } from './broker/index.js';
import { type CosmosOptions, type CosmosServer, startCosmos } from './cosmos/index.js';
import { brokerFaults, cosmosFaults } from './world-faults.js';

export type WorldPortName = PortName | 'broker' | 'cosmos';

export interface WorldOptions {
  clock: Clock;
  /** The Service Bus emulator's config.json; if wanted, with `Cosmos.Databases` (see CosmosOptions.databases) beside `UserConfig`. */
  topology: unknown;
  /** What is deployed from the start: see azure/README.md. */
  resources: unknown;
  /** Keeps `azure.sqlite`, `broker.sqlite`, `cosmos.sqlite` and `tls/`. Without it the state ends with the process. */
  dataDir?: string;
  apimActivating?: boolean;
  seed?: number;
  latencies?: LatencyOverrides;
  contention?: boolean;
  kaitoLeavesPools?: boolean;
  faults?: Fault[];
  /** Absent or 0: any free port. */
  ports?: Partial<Record<WorldPortName, number>>;
  record?: (entry: RecordedRequest) => void;
  onAnswer?: (entry: AnsweredRequest) => void;
  log?: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
}

export interface World {
  azure: AzureWorld;
  broker: Broker;
  cosmos: CosmosServer;
  /** What a client must trust to talk to `azure`. */
  caPem: string;
  /** To be given again at the next start, so that clients find everything where it was. */
  ports: Record<WorldPortName, number>;
  close(): Promise<void>;
}

/** A file in the emulator's own format, which knows no Cosmos DB, is as good as any. */
const topologySchema = z.looseObject({
  Cosmos: z
    .looseObject({ Databases: z.array(z.looseObject({ id: z.string(), containers: z.array(z.looseObject({})) })) })
    .default({ Databases: [] }),
});

/** Starts all three. When one fails to start, the others are closed and its Error is thrown. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { clock, dataDir, log, ports = {} } = options;
  const databases = readDatabases(options.topology);
  if (dataDir) mkdirSync(dataDir, { recursive: true });
  const file = (name: string) => dataDir && join(dataDir, name);
  const tls = loadTls(file('tls'));
  const started: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const part of started.splice(0).reverse()) await part.close();
  };
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    started.push(part);
    return part;
  };
  try {
    const { apimActivating, contention, faults, kaitoLeavesPools, latencies, onAnswer, record, resources, seed } =
      options;
    const brokerSettings = { config: options.topology, port: ports.broker, dataFile: file('broker.sqlite') };
    const broker = keep(await startBroker({ ...brokerSettings, clock, log }));
    const cosmosFile = { port: ports.cosmos, dataFile: file('cosmos.sqlite') };
    const cosmos = keep(await startCosmos({ ...cosmosFile, databases, acceptTokens: true, clock, log }));
    const moreFaults = { broker: brokerFaults(broker.faults), cosmos: cosmosFaults(cosmos.faults) };
    const settings = { resources, apimActivating, contention, faults, kaitoLeavesPools, latencies, record, seed };
    const azure = keep(
      await startAzure({ ...settings, moreFaults, onAnswer, clock, tls, ports, log, dataFile: file('azure.sqlite') }),
    );
    const cosmosPort = Number(new URL(cosmos.endpoint).port);
    return {
      azure,
      broker,
      cosmos,
      caPem: tls.caPem,
      ports: { ...azure.ports, broker: broker.port, cosmos: cosmosPort },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The containers' own shape is checked by the Cosmos DB server. */
function readDatabases(topology: unknown): CosmosOptions['databases'] {
  const result = topologySchema.safeParse(topology);
  if (!result.success) throw new Error(`The topology file is not valid:\n${z.prettifyError(result.error)}`);
  return result.data.Cosmos.Databases as unknown as CosmosOptions['databases'];
}
