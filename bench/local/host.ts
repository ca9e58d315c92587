/**
 * Benchmarks of the embedded host, as its users meet it: `hai-host` in a process of its own, state on disk with full sync, driven over HTTP.
 * `npm run bench:local`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HostProcess, startHostProcess } from './host-process.js';
import { elapsedMs, latencyOf, medianOf, print, throughputOf } from './measure.js';

/** A team's request has 15 to 25 steps; other engines are measured with the same number (see compare.ts). */
const STEPS = 15;
const HISTORY_LENGTHS = [10, 100, 250, 500, 1000];
const PARKED = 5_000;

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-host-'));
  try {
    await startUp(directory);
    const host = await startHostProcess(directory);
    await steps(host);
    await replay(host);
    print('memory after all this', await host.rssMb(), 'MB');
    await host.kill();
    await recovery(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function startUp(directory: string): Promise<void> {
  const once = async () => {
    const host = await startHostProcess(directory);
    await host.kill();
    return host.readyMs;
  };
  print('start-up until the first answer', await medianOf(5, once), 'ms', 'median of 5');
}

async function steps(host: HostProcess): Promise<void> {
  const chain = () => host.run('chain', STEPS);
  const { p50Ms, p95Ms } = await latencyOf(100, chain);
  print('latency of a step', p50Ms / STEPS, 'ms', `p50; p95 ${(p95Ms / STEPS).toFixed(2)}; ${STEPS} in sequence`);
  const perSecond = await throughputOf(1_000, 100, chain);
  print('durable steps, 100 instances at once', perSecond * STEPS, 'steps/s', `${perSecond.toFixed(0)} instances/s`);
  print('fan-out and fan-in of 1,000', await medianOf(3, () => elapsedMs(() => host.run('fanOut', 1_000))), 'ms');
  print('memory after 1,000 instances', await host.rssMb(), 'MB');
}

/** Each step replays all former ones: the cost of a step grows with the history. */
async function replay(host: HostProcess): Promise<void> {
  for (const length of HISTORY_LENGTHS) {
    const totalMs = await medianOf(3, () => elapsedMs(() => host.run('chain', length)));
    print(`a step, with ${length} in one instance`, totalMs / length, 'ms', `${(length * 4).toLocaleString()} events`);
  }
}

/** Many waiting instances, a kill, and how soon the host answers and goes on with them. */
async function recovery(directory: string): Promise<void> {
  const host = await startHostProcess(directory);
  await throughputOf(PARKED, 50, (index) => host.durable('POST', `orchestrators/wait/parked-${index}`));
  await host.kill();
  const again = await startHostProcess(directory);
  print(`start-up with ${PARKED.toLocaleString()} waiting instances`, again.readyMs, 'ms', 'after kill -9');
  const firstMs = await elapsedMs(() => finish(again, 0));
  print('until one of them has gone on and ended', firstMs, 'ms');
  const others = await throughputOf(PARKED - 1, 50, (index) => finish(again, index + 1));
  print('ending all the others', others, 'instances/s');
  await again.kill();
}

async function finish(host: HostProcess, index: number): Promise<void> {
  await host.durable('POST', `instances/parked-${index}/raiseEvent/go`, true);
  for (;;) {
    const { runtimeStatus } = (await host.durable('GET', `instances/parked-${index}`)) as { runtimeStatus: string };
    if (runtimeStatus === 'Completed') return;
  }
}

void main();
