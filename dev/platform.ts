/** hai on the embedded platform, in one process: world, host, app. What `npm start` and `npm run demo` bring up. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Clock, runningClock } from '../local/clock.js';
import { type Host, startHost } from '../local/host/index.js';
import { keepPorts, openPlatform } from '../local/platform-file.js';
import type { RecordedRequest } from '../local/world/azure/index.js';
import { readWorldFile } from '../local/world/resources.js';
import { startWorld, type World } from '../local/world/start.js';
import { appSettings } from './app-settings.js';
import { ROOT, TOPOLOGY_FILE, WORLD_FILE } from './paths.js';

export interface PlatformOptions {
  dataFolder: string;
  /** World milliseconds per real millisecond. */
  speed: number;
  /** Port of the API. */
  port: number;
  apimActivating?: boolean;
  record?: (entry: RecordedRequest) => void;
  log?: (level: string, source: string, message: string) => void;
}

export interface RunningPlatform {
  clock: Clock;
  world: World;
  host: Host;
  close(): Promise<void>;
}

/** Starts the world alone, with the ports and the time line of the data folder. */
export async function startStoredWorld(
  options: Omit<PlatformOptions, 'port'>,
): Promise<{ clock: Clock; world: World }> {
  const { dataFolder, speed, apimActivating, record, log } = options;
  const stored = openPlatform(dataFolder, speed);
  const clock = runningClock(stored.clock);
  const world = await startWorld({
    clock,
    topology: JSON.parse(readFileSync(TOPOLOGY_FILE, 'utf8')),
    resources: readWorldFile(WORLD_FILE),
    dataDir: dataFolder,
    ports: stored.ports,
    apimActivating,
    record,
    log: (level, message) => log?.(level, 'world', message),
  });
  keepPorts(dataFolder, world.ports);
  return { clock, world };
}

export async function startPlatform(options: PlatformOptions): Promise<RunningPlatform> {
  const { dataFolder, port, log } = options;
  const { clock, world } = await startStoredWorld(options);
  const host = await startHost({
    appRoot: ROOT,
    clock,
    port,
    dataFile: path.join(dataFolder, 'host.sqlite'),
    settings: appSettings(world),
    trustedCaPem: [world.caPem],
    log,
  });
  const close = async () => {
    await host.close();
    await world.close();
  };
  return { clock, world, host, close };
}
