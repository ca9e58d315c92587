/** Starts a sample app of `test/local/apps` in the host, in this process and in explicit time. */
import { join } from 'node:path';
import { app } from '@azure/functions';
import type { DurableClient, DurableOrchestrationStatus } from 'durable-functions';
import { type ExplicitClock, explicitClock } from '../../local/clock.js';
import { type Host, type HostOptions, startHost } from '../../local/host/index.js';

export const appFolder = (name: string) => join(__dirname, 'apps', name);

export interface DurableApp {
  host: Host;
  clock: ExplicitClock;
  /** The client that the app's own functions would use. */
  client: DurableClient;
  /** Starts an instance, lets it run until only time can move it on, and returns its id. */
  start(orchestrator: string, input?: unknown, instanceId?: string): Promise<string>;
  /** The same, and returns its status. */
  run(orchestrator: string, input?: unknown): Promise<DurableOrchestrationStatus>;
  /** Address below the Durable HTTP API. */
  api(path: string): string;
}

/** @param load registers the app's functions, for instance `() => require('./apps/fuzz/app.js')` */
export async function startDurableApp(
  folder: string,
  load: () => void,
  options: Partial<HostOptions> = {},
): Promise<DurableApp> {
  const clock = explicitClock();
  let client: DurableClient | undefined;
  const loadApp = () => {
    load();
    const df = require('durable-functions') as typeof import('durable-functions');
    app.http('client', {
      extraInputs: [df.input.durableClient()],
      handler: (_request, context) => {
        client = df.getClient(context);
        return { status: 200 };
      },
    });
  };
  const host = await startHost({ appRoot: appFolder(folder), clock, loadApp, log: () => {}, ...options });
  await fetch(`${host.url}/api/client`);
  const start = async (orchestrator: string, input?: unknown, instanceId?: string) => {
    const id = await client!.startNew(orchestrator, { input, instanceId });
    await clock.settle();
    return id;
  };
  return {
    ...{ host, clock, client: client!, start },
    run: async (orchestrator, input) => client!.getStatus(await start(orchestrator, input)),
    api: (path) => `${host.url}/runtime/webhooks/durabletask/${path}`,
  };
}

/** POST with a JSON body. */
export const postJson = (url: string, body: unknown = null) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
