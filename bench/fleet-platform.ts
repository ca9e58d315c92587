/** World, host and the unmodified app in one process, in explicit time and with room for any number of teams: what the fleet benchmarks run on. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { appSettings } from '../dev/app-settings.js';
import { explicitClock } from '../local/clock.js';
import { startHost } from '../local/host/index.js';
import { readWorldFile } from '../local/world/resources.js';
import { startWorld } from '../local/world/start.js';

const ROOT = resolve('.');
export const SEED = 1;

interface Ended {
  id: string;
  phase: string;
  atMs: number;
}

export type FleetPlatform = Awaited<ReturnType<typeof startFleetPlatform>>;

export async function startFleetPlatform(teams: number) {
  const clock = explicitClock();
  const ended: Ended[] = [];
  const arm = { reads: 0, writes: 0, throttled: 0 };
  const world = await startWorld({
    clock,
    seed: SEED,
    topology: JSON.parse(readFileSync(join(ROOT, 'config', 'topology.json'), 'utf8')),
    // Ceilings of Azure are not what is measured.
    resources: {
      ...(readWorldFile(join(ROOT, 'dev', 'world.yaml')) as object),
      limits: { foundryAccounts: 1_000_000, products: 1_000_000 },
    },
    onAnswer: ({ service, method, status }) => {
      if (service !== 'arm') return;
      if (status === 429) arm.throttled++;
      else if (method === 'GET' || method === 'HEAD') arm.reads++;
      else arm.writes++;
    },
  });
  const host = await startHost({
    appRoot: ROOT,
    clock,
    settings: { ...appSettings(world), HAI_FOUNDRY_ACCOUNTS_MAX: String(teams + 100) },
    trustedCaPem: [world.caPem],
    loadApp: () => require('../functions/main.js'),
    log: (_level, _category, message) => {
      const found = /Operation ended (\{.*\})/.exec(message);
      if (!found) return;
      const { id, phase } = JSON.parse(found[1]!) as { id: string; phase: string };
      ended.push({ id, phase, atMs: clock.now() });
    },
  });
  await clock.settle();
  return {
    clock,
    world,
    arm,
    ended,
    /** Asks by HTTP; answers the operation's id. */
    async ask(name: string, models: object = FOUNDRY): Promise<string> {
      const response = await fetch(`${host.url}/api/v1/access-requests`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request(name, models)),
      });
      return ((await response.json()) as { id: string }).id;
    },
    async operation(id: string): Promise<{ steps: { id: string; startedAt?: string; endedAt?: string }[] }> {
      return (await (await fetch(`${host.url}/api/v1/operations/${id}`)).json()) as never;
    },
    async close(): Promise<void> {
      await host.close();
      await world.close();
    },
  };
}

const FOUNDRY = { foundry: { models: [{ name: 'gpt-4.1', tokensPerMinute: 1000, dailyTokenQuota: 100_000 }] } };

const request = (name: string, models: object) => ({
  apiVersion: 'ai.contoso.com/v1',
  kind: 'TeamAccessRequest',
  metadata: { name },
  spec: { owner: 'lead@contoso.com', costCenter: 'CC-1', models },
});
