/**
 * How a fleet of teams fares that asks at the same moment: `npm run bench:fleet -- N`. World, host and the unmodified app run in one process in
 * explicit time with Resource Manager's buckets on, so every figure but the wall time is exact and repeats to the digit. Compared with what no
 * control plane can beat: the longest critical path, or the time in which Resource Manager's bucket refills all needed writes.
 */
import { latencySource } from '../local/world/azure/latencies.js';
import { type FleetPlatform, SEED, startFleetPlatform } from './fleet-platform.js';

/** Resource Manager's buckets for one principal: at once, and refilled (request limits and throttling). */
const WRITES_BURST = 200;
const WRITES_PER_SECOND = 10;
/**
 * A team with Foundry models and no members: product, link, subscription twice (created suspended, then opened), its keys, policy, account,
 * project, role, connection.
 */
const WRITES_NEEDED = 10;
const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;

async function main(count: number): Promise<void> {
  const platform = await startFleetPlatform(count);
  const { clock, world, arm, ended } = platform;
  const realStartMs = performance.now();
  const unitsBefore = world.cosmos.chargedRequestUnits();
  const startMs = clock.now();
  const asked: string[] = [];
  for (let number = 0; number < count; number++) asked.push(await platform.ask(`team-${number}`));
  await clock.runUntil(() => ended.length >= count, DAY_MS);
  const units = world.cosmos.chargedRequestUnits() - unitsBefore;
  const sent = { ...arm };
  await clock.settle();

  const seconds = (ms: number) => (ms - startMs) / 1000;
  const makespan = seconds(Math.max(...ended.map(({ atMs }) => atMs)));
  const paths = Array.from({ length: count }, (_, number) => criticalPathSeconds(`team-${number}`));
  const bound = Math.max(...paths, (count * WRITES_NEEDED - WRITES_BURST) / WRITES_PER_SECOND);
  const first = seconds(Math.min(...ended.map(({ atMs }) => atMs)));
  const failed = ended.filter(({ phase }) => phase !== 'succeeded').length;
  const share = (sent.throttled / (sent.writes + sent.reads + sent.throttled)) * 100;
  const each = (n: number) => (n / count).toFixed(2);
  console.log(
    `makespan ${makespan.toFixed(0)} s, bound ${bound.toFixed(0)} s, longest critical path ${Math.max(...paths).toFixed(0)} s`,
  );
  console.log(
    `a team: ${each(sent.writes)} ARM writes (needed ${WRITES_NEEDED}), ${each(sent.reads)} ARM reads, ${each(units)} RU`,
  );
  if (count === 1) await afterwards(platform);
  console.log(`wall time ${((performance.now() - realStartMs) / 1000).toFixed(1)} s`);
  const tau = kendallTau(asked, ended).toFixed(2);
  console.log(
    `teams ${count}: makespan/bound ${(makespan / bound).toFixed(2)}, first ${first.toFixed(0)} s, tau ${tau}, 429s ${share.toFixed(1)} %, failed ${failed}`,
  );
  await platform.close();
}

/** What a finished team costs: nothing, asked again or left alone. And what a new shared model costs beyond its own critical path. */
async function afterwards({ clock, arm, ended, ask, operation }: FleetPlatform): Promise<void> {
  const before = { ...arm };
  await ask('team-0');
  await clock.advance(24 * HOUR_MS);
  const { reads, writes } = { reads: arm.reads - before.reads, writes: arm.writes - before.writes };
  console.log(`asked again, and a day idle: ${writes} ARM writes, ${reads} ARM reads`);
  const startMs = clock.now();
  const id = await ask('team-model', {
    kaito: { models: [{ name: 'mistral-7b', tokensPerMinute: 1000, dailyTokenQuota: 100_000 }] },
  });
  await clock.runUntil(() => ended.some((one) => one.id === id), DAY_MS);
  const endMs = ended.find((one) => one.id === id)!.atMs;
  const model = ended.find((one) => one.id.startsWith('model_'))!;
  const steps = (await operation(model.id)).steps;
  const workspace = steps.find((step) => step.id === 'workspace')!;
  const seconds = (endMs - startMs) / 1000;
  const cluster = modelPathSeconds();
  console.log(
    `a new model: ready after ${seconds.toFixed(0)} s, critical path ${cluster.toFixed(0)} s, ratio ${(seconds / cluster).toFixed(2)} (Workspace seen ready after ${((Date.parse(workspace.endedAt!) - startMs) / 1000).toFixed(0)} s)`,
  );
}

/** The longest chain that Azure itself needs: the account, then its project. What comes before and after is answered at once. */
function criticalPathSeconds(team: string): number {
  const latency = latencySource(SEED);
  const group = '/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/rg-hai-demo-teams';
  const account = `${group}/providers/microsoft.cognitiveservices/accounts/foundry-${team.slice('team-'.length)}`;
  return (latency('foundryAccount', account) + latency('foundryProject', `${account}/projects/default`)) / 1000;
}

/** NodeClaim, node, image and weights of the Workspace, one after another. */
function modelPathSeconds(): number {
  const latency = latencySource(SEED);
  const key = 'workspaces/kaito-models/workspace-mistral-7b';
  const parts = ['kaitoNodeClaim', 'kaitoNode', 'kaitoImage', 'kaitoWeights'] as const;
  return parts.reduce((sum, part) => sum + latency(part, key), 0) / 1000;
}

/** How well the order of ending keeps the order of asking: 1 = the same, 0 = none. */
function kendallTau(asked: readonly string[], ended: FleetPlatform['ended']): number {
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
