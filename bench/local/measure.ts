/** Measuring: latency of one thing after the other, throughput of many at once, and how numbers are printed. */

export interface Latency {
  p50Ms: number;
  p95Ms: number;
}

/** Runs `work` `count` times in sequence, after a warm-up. */
export async function latencyOf(count: number, work: () => Promise<unknown>): Promise<Latency> {
  for (let index = 0; index < count / 5; index++) await work();
  const times: number[] = [];
  for (let index = 0; index < count; index++) times.push(await elapsedMs(work));
  times.sort((left, right) => left - right);
  return { p50Ms: times[Math.floor(count * 0.5)]!, p95Ms: times[Math.floor(count * 0.95)]! };
}

/** Runs `work` `count` times, `concurrency` at once; returns how many a second. */
export async function throughputOf(count: number, concurrency: number, work: (index: number) => Promise<unknown>) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  const totalMs = await elapsedMs(() => Promise.all(Array.from({ length: concurrency }, worker)));
  return (count * 1000) / totalMs;
}

export async function elapsedMs(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

export async function medianOf(runs: number, measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let run = 0; run < runs; run++) values.push(await measure());
  return values.toSorted((left, right) => left - right)[Math.floor(runs / 2)]!;
}

export function print(name: string, value: number, unit: string, note = ''): void {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  console.log(`${name.padEnd(46)}${value.toFixed(digits).padStart(9)} ${unit.padEnd(10)}${note}`);
}
