/**
 * The embedded host beside a durable engine (Restate) and an engine without storage (durabletask-js), in the same run: the same workflow of 15
 * trivial steps, started over HTTP and waited for. Both come from npm into a temporary folder, so the project does not depend on them.
 * On demand, after a build: `node dist/bench/local/compare.js`
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cpuMsOf } from './cpu.js';
import { startHostProcess } from './host-process.js';
import { latencyOf, throughputOf } from './measure.js';

const STEPS = 15;

/** Other load on the machine changes within seconds: short rounds, taken in turn, hit all engines alike. */
const ROUNDS = 8;
const SEQUENTIAL = 20;
const PARALLEL = 200;
const CONCURRENCY = 100;

const PACKAGES = [
  '@restatedev/restate-server@1.7.12',
  '@restatedev/restate-sdk@1.17.2',
  '@microsoft/durabletask-js@0.4.0',
];

interface Engine {
  name: string;
  pid: number;
  readyMs: number;
  run(): Promise<unknown>;
  /** Engines that wait busily would slow the others down, so only the measured one runs. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

interface Result {
  stepMs: number[];
  stepsPerSecond: number[];
  cpuMsPerStep: number[];
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-compare-'));
  const engines: Engine[] = [];
  try {
    install(directory);
    engines.push(await startHost(join(directory, 'host')));
    engines.push(await startRestate(directory));
    engines.push(await startScript('durabletask-js, in memory', directory, 'durabletask.cjs', `${STEPS}`));
    print(engines, await measure(engines));
  } finally {
    for (const engine of engines) await engine.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function install(directory: string): void {
  writeFileSync(join(directory, 'package.json'), '{"private":true}');
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...PACKAGES], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function startHost(dataDirectory: string): Promise<Engine> {
  mkdirSync(dataDirectory);
  const host = await startHostProcess(dataDirectory);
  const { pid, readyMs, pause, resume } = host;
  return {
    name: 'embedded host',
    ...{ pid, readyMs, pause, resume },
    run: () => host.run('chain', STEPS),
    stop: host.kill,
  };
}

async function startRestate(directory: string): Promise<Engine> {
  return startScript('Restate 1.7.12', directory, 'restate.cjs', join(directory, 'restate'), `${STEPS}`);
}

/** Scripts of `engines/` resolve their packages from the temporary folder. They and their children are one process group. */
async function startScript(name: string, directory: string, script: string, ...args: string[]): Promise<Engine> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [resolve('bench', 'local', 'engines', script), ...args], {
    env: { ...process.env, NODE_PATH: join(directory, 'node_modules') },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const url = await new Promise<string>((resolved, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolved(chunk.toString().trim()));
    child.once('exit', (code) => reject(new Error(`${script} ended with code ${code}.`)));
  });
  const run = async () => {
    const response = await fetch(url, { method: 'POST' });
    if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  };
  await run();
  const signal = (what: NodeJS.Signals) => void process.kill(-child.pid!, what);
  return {
    ...{ name, run, pid: child.pid!, readyMs: performance.now() - startMs },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    stop: () =>
      new Promise((resolved) => {
        child.once('exit', () => resolved());
        signal('SIGKILL');
      }),
  };
}

async function measure(engines: Engine[]): Promise<Map<Engine, Result>> {
  const results = new Map(
    engines.map((engine): [Engine, Result] => [engine, { stepMs: [], stepsPerSecond: [], cpuMsPerStep: [] }]),
  );
  for (const engine of engines) engine.pause();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [engine, { stepMs, stepsPerSecond, cpuMsPerStep }] of results) {
      engine.resume();
      stepMs.push((await latencyOf(SEQUENTIAL, engine.run)).p50Ms / STEPS);
      const cpuBeforeMs = cpuMsOf(engine.pid);
      stepsPerSecond.push((await throughputOf(PARALLEL, CONCURRENCY, engine.run)) * STEPS);
      cpuMsPerStep.push((cpuMsOf(engine.pid) - cpuBeforeMs) / (PARALLEL * STEPS));
      engine.pause();
    }
  }
  for (const engine of engines) engine.resume();
  return results;
}

function print(engines: Engine[], results: Map<Engine, Result>): void {
  console.log(
    `| engine | ready, ms | a step in sequence, ms | steps/s, ${CONCURRENCY} at once | CPU of such a step, ms |`,
  );
  console.log('| --- | --- | --- | --- | --- |');
  for (const engine of engines) {
    const { stepMs, stepsPerSecond, cpuMsPerStep } = results.get(engine)!;
    const spans = [span(stepMs, 2), span(stepsPerSecond, 0), span(cpuMsPerStep, 2)];
    const cells = [engine.name, engine.readyMs.toFixed(0), ...spans];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

/** Median, and from the least to the most. */
function span(values: number[], digits: number): string {
  const sorted = values.toSorted((left, right) => left - right);
  const [median, least, most] = [sorted[Math.floor(sorted.length / 2)]!, sorted[0]!, sorted.at(-1)!];
  return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}

void main();
