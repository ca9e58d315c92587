/**
 * How a fleet of teams fares that asks at the same moment: `npm run bench:fleet -- N`. World, host and the unmodified app run in one process in
 * explicit time with Resource Manager's buckets on, so every figure but the wall time is exact and repeats to the digit. Compared with what no
 * control plane can beat: the longest critical path, or the time in which Resource Manager's bucket refills all needed writes.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { appSettings } from '../dev/app-settings.js';
import { explicitClock } from '../local/clock.js';
import { startHost } from '../local/host/index.js';
import { latencySource } from '../local/world/azure/latencies.js';
import { readWorldFile } from '../local/world/resources.js';
import { startWorld } from '../local/world/start.js';

const ROOT = resolve('.');
const SEED = 1;
/** Resource Manager's buckets for one principal: at once, and refilled (request limits and throttling). */
const WRITES_BURST = 200;
const WRITES_PER_SECOND = 10;
/** A team with Foundry models and no members: product, link, subscription twice (created suspended, then opened), its keys, policy, account, project, role, connection. */
const WRITES_NEEDED = 10;
const DAY_MS = 24 * 3600_000;

interface Ended {
  id: string;
  phase: string;
  atMs: number;
}

const request = (name: string) => ({
  apiVersion: 'ai.contoso.com/v1',
  kind: 'TeamAccessRequest',
  metadata: { name },
  spec: {
    owner: 'lead@contoso.com',
    costCenter: 'CC-1',
    models: { foundry: { models: [{ name: 'gpt-4.1', tokensPerMinute: 1000, dailyTokenQuota: 100_000 }] } },
  },
});

async function main(count: number): Promise<void> {
  const clock = explicitClock();
  const ended: Ended[] = [];
  const answers: Record<string, number> = {};
  const world = await startWorld({
    clock,
    seed: SEED,
    topology: JSON.parse(readFileSync(join(ROOT, 'config', 'topology.json'), 'utf8')),
    resources: roomy(readWorldFile(join(ROOT, 'dev', 'world.yaml'))),
    onAnswer: ({ service, method, status }) => {
      if (service !== 'arm') return;
      const kind = status === 429 ? '429' : method === 'GET' || method === 'HEAD' ? 'reads' : 'writes';
      answers[kind] = (answers[kind] ?? 0) + 1;
    },
  });
  const host = await startHost({
    appRoot: ROOT,
    clock,
    settings: { ...appSettings(world), HAI_FOUNDRY_ACCOUNTS_MAX: String(count + 100) },
    trustedCaPem: [world.caPem],
    loadApp: () => require('../functions/main.js'),
    log: (_level, _category, message) => {
      const found = /Operation ended (\{.*\})/.exec(message);
      if (!found) return;
      const { id, phase } = JSON.parse(found[1]!) as { id: string; phase: string };
      ended.push({ id, phase, atMs: clock.now() });
    },
  });
  const realStartMs = performance.now();
  await clock.settle();
  const unitsBefore = world.cosmos.chargedRequestUnits();
  const startMs = clock.now();
  const asked: string[] = [];
  for (let number = 0; number < count; number++) {
    const response = await fetch(`${host.url}/api/v1/access-requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request(`team-${number}`)),
    });
    asked.push(((await response.json()) as { id: string }).id);
  }
  await clock.runUntil(() => ended.length >= count, DAY_MS);
  const units = world.cosmos.chargedRequestUnits() - unitsBefore;
  await clock.settle();

  const seconds = (ms: number) => (ms - startMs) / 1000;
  const makespan = seconds(Math.max(...ended.map(({ atMs }) => atMs)));
  const paths = Array.from({ length: count }, (_, number) => criticalPathSeconds(`team-${number}`));
  const bound = Math.max(...paths, (count * WRITES_NEEDED - WRITES_BURST) / WRITES_PER_SECOND);
  const first = seconds(Math.min(...ended.map(({ atMs }) => atMs)));
  const failed = ended.filter(({ phase }) => phase !== 'succeeded').length;
  const { writes = 0, reads = 0, ['429']: throttled = 0 } = answers;
  const share = (throttled / (writes + reads + throttled)) * 100;
  const each = (n: number) => (n / count).toFixed(2);
  console.log(
    `makespan ${makespan.toFixed(0)} s, bound ${bound.toFixed(0)} s, longest critical path ${Math.max(...paths).toFixed(0)} s`,
  );
  console.log(
    `a team: ${each(writes)} ARM writes (needed ${WRITES_NEEDED}), ${each(reads)} ARM reads, ${each(units)} RU`,
  );
  console.log(`wall time ${((performance.now() - realStartMs) / 1000).toFixed(1)} s`);
  const tau = kendallTau(asked, ended).toFixed(2);
  console.log(
    `teams ${count}: makespan/bound ${(makespan / bound).toFixed(2)}, first ${first.toFixed(0)} s, tau ${tau}, 429s ${share.toFixed(1)} %, failed ${failed}`,
  );
  await host.close();
  await world.close();
}

/** A world whose ceilings are not what is measured. */
function roomy(resources: unknown): unknown {
  const limits = { foundryAccounts: 1_000_000, products: 1_000_000 };
  return { ...(resources as object), limits };
}

/** The longest chain that Azure itself needs: the account, then its project. What comes before and after is answered at once. */
function criticalPathSeconds(team: string): number {
  const latency = latencySource(SEED);
  const account =
    `/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-hai-demo-teams/providers/Microsoft.CognitiveServices/accounts/foundry-${team.slice('team-'.length)}`.toLowerCase();
  return (latency('foundryAccount', account) + latency('foundryProject', `${account}/projects/default`)) / 1000;
}

/** How well the order of ending keeps the order of asking: 1 = the same, 0 = none. */
function kendallTau(asked: readonly string[], ended: readonly Ended[]): number {
  const endedAt = new Map(ended.map(({ id, atMs }) => [id, atMs]));
  const times = asked.map((id) => endedAt.get(id) ?? 0);
  let agree = 0;
  let pairs = 0;
  for (let a = 0; a < times.length; a++)
    for (let b = a + 1; b < times.length; b++) {
      agree += Math.sign(times[b]! - times[a]!);
      pairs++;
    }
  return pairs === 0 ? 1 : agree / pairs;
}

void main(Number(process.argv[2] ?? 20));
