/**
 * What an operation costs that waits for its slot in the fleet: `npm run bench:waiting -- N` lets N teams ask at once and, when all but the first
 * few wait, compares the heap of the one process that is app, host and world. Run with `--expose-gc`.
 */
import { startFleetPlatform } from './fleet-platform.js';

async function main(count: number): Promise<void> {
  const platform = await startFleetPlatform(count);
  await platform.ask('team-warm');
  await platform.clock.runUntil(() => platform.ended.length === 1, 3600_000);
  const before = heapBytes();
  for (let number = 0; number < count; number++) await platform.ask(`team-${number}`);
  await platform.clock.settle();
  const each = (heapBytes() - before) / count;
  console.log(`${count} operations wait: ${(each / 1024).toFixed(1)} KB of heap each`);
  await platform.close();
}

function heapBytes(): number {
  for (let times = 0; times < 3; times++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

void main(Number(process.argv[2] ?? 10_000));
