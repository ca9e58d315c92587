#!/usr/bin/env node
/** Runs a Functions app in the embedded host: `hai-host <folder> [--port N] [--data DIR] [--speed N] [--drain-seconds N]`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { requireSupportedNode } from '../node-version.js';

const USAGE = `Usage: hai-host <folder> [--port N] [--data DIR] [--speed N] [--drain-seconds N]

  <folder>    a Functions app: package.json with "main", host.json, maybe local.settings.json
  --port N    HTTP port (default 7071; 0 for any free one)
  --data DIR  keep orchestrations and timers there over restarts (default: in memory)
  --speed N   world time runs N times as fast as real time (default 1)
  --drain-seconds N  on SIGTERM or SIGINT, running functions may finish for so long (default 10)`;

async function main(): Promise<void> {
  requireSupportedNode();
  const { folder, port, dataDirectory, speed, drainLimitMs } = readArguments();
  // Loaded only now: older versions of Node lack built-in modules that these import.
  const { anchorNow, runningClock } = await import('../clock.js');
  const { startHost } = await import('../host/index.js');
  const { openPlatform } = await import('../platform-file.js');
  if (dataDirectory) mkdirSync(dataDirectory, { recursive: true });
  const host = await startHost({
    appRoot: folder,
    ...{ port, drainLimitMs },
    clock: runningClock(dataDirectory ? openPlatform(dataDirectory, speed).clock : anchorNow(speed)),
    dataFile: dataDirectory && join(dataDirectory, 'host.sqlite'),
    log: (level, category, message) => {
      if (level === 'info' || level === 'warn' || level === 'error')
        console.error(`[${level}] ${category}: ${message}`);
    },
  });
  console.log(`${host.url}\n${host.functions.map((name) => `  ${name}`).join('\n')}`);
  const stop = () => void host.close().then(() => process.exit(0), fail);
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function readArguments() {
  const text = { type: 'string' } as const;
  const options = { port: text, data: text, speed: text, 'drain-seconds': text };
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${USAGE}`);
  }
  const { values, positionals } = parsed;
  const [folder] = positionals;
  const port = Number(values.port ?? 7071);
  const speed = values.speed === undefined ? undefined : Number(values.speed);
  const drainLimitMs = Number(values['drain-seconds'] ?? 10) * 1000;
  const isValid =
    Number.isInteger(port) && port >= 0 && port < 65_536 && (speed === undefined || speed > 0) && drainLimitMs >= 0;
  if (!folder || positionals.length > 1 || !isValid) throw new Error(USAGE);
  return { folder, port, dataDirectory: values.data, speed, drainLimitMs };
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

main().catch(fail);
