#!/usr/bin/env node
/**
 * Runs the simulated world on its own: `hai-world --topology FILE --resources FILE [--data DIR] [--speed N]`. Prints what an app needs to
 * find it, as environment variables.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { requireSupportedNode } from '../node-version.js';
import type { World } from '../world/start.js';

const USAGE = `Usage: hai-world --topology FILE --resources FILE [--data DIR] [--speed N] [--activating] [--contention]

  --topology FILE   queues, topics and containers (JSON or YAML)
  --resources FILE  what is deployed from the start (YAML or JSON; { $file: path } is the text of a file)
  --data DIR        keep everything there over restarts, ports and time included (default: in memory)
  --speed N         world time runs N times as fast as real time (default 1)
  --activating      the API Management service begins in the state Activating
  --contention      writes that meet get the conflicts of the real services`;

async function main(): Promise<void> {
  requireSupportedNode();
  const { activating, contention, data, resources, speed, topology } = readArguments();
  // Loaded only now: older versions of Node lack built-in modules that these import.
  const { anchorNow, runningClock } = await import('../clock.js');
  const { keepPorts, openPlatform } = await import('../platform-file.js');
  const { readWorldFile } = await import('../world/resources.js');
  const { startWorld } = await import('../world/start.js');
  if (data) mkdirSync(data, { recursive: true });
  const stored = data ? openPlatform(data, speed) : undefined;
  const world = await startWorld({
    clock: runningClock(stored?.clock ?? anchorNow(speed)),
    topology: readWorldFile(topology),
    resources: readWorldFile(resources),
    dataDir: data,
    ports: stored?.ports,
    apimActivating: activating,
    contention,
    log: (level, message) => {
      if (level === 'warn' || level === 'error') console.error(`[${level}] ${message}`);
    },
  });
  if (data) keepPorts(data, world.ports);
  console.log(environment(world, data));
  const stop = () => void world.close().then(() => process.exit(0), fail);
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function readArguments() {
  const text = { type: 'string' } as const;
  const options = {
    topology: text,
    resources: text,
    data: text,
    speed: text,
    activating: { type: 'boolean' },
    contention: { type: 'boolean' },
  } as const;
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${USAGE}`);
  }
  const { activating = false, contention, data, resources, topology } = values;
  const speed = values.speed === undefined ? undefined : Number(values.speed);
  if (!topology || !resources || (speed !== undefined && !(speed > 0))) throw new Error(USAGE);
  return { activating, contention, data, resources, speed, topology };
}

/** Lines for a shell. The names without a common convention say what they are; an app maps them to its own settings. */
function environment({ azure, broker, caPem, cosmos }: World, data: string | undefined): string {
  const authority = resolve(data ? join(data, 'tls') : mkdtempSync(join(tmpdir(), 'hai-world-')), 'ca.pem');
  if (!data) writeFileSync(authority, caPem);
  const variables = {
    NODE_EXTRA_CA_CERTS: authority,
    IDENTITY_ENDPOINT: azure.identityEndpoint,
    IDENTITY_HEADER: azure.identityHeader,
    ARM_ENDPOINT: azure.armUrl,
    KEY_VAULT_URL: azure.vaultUrl,
    KUBERNETES_URL: azure.kubernetesUrl,
    GATEWAY_URL: azure.gatewayUrl,
    EGRESS_PROXY_URL: azure.egressProxyUrl,
    CONTROL_URL: azure.controlUrl,
    SERVICE_BUS_CONNECTION: broker.connectionString,
    COSMOS_ENDPOINT: cosmos.endpoint,
    COSMOS_KEY: cosmos.key,
  };
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value}'`)
    .join('\n');
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

main().catch(fail);
