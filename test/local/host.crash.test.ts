import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CHILD = join(__dirname, 'host-child.cjs');
const APP = join(__dirname, 'apps', 'crash');
const DURABLE = 'runtime/webhooks/durabletask';

let directory: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'host-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

/** Starts the host and resolves with its address, or rejects with what it complained about. */
function startChild(...args: string[]): Promise<string> {
  const environment = { ...process.env, STEPS_FILE: join(directory, 'steps') };
  const started = spawn(process.execPath, ['--no-warnings', CHILD, ...args], { env: environment });
  child = started;
  return new Promise((resolve, reject) => {
    let complaints = '';
    started.stderr.on('data', (chunk) => (complaints += chunk));
    started.stdout.on('data', (chunk: Buffer) => resolve(chunk.toString().split('\n')[0]!));
    started.on('exit', (code) => reject(new Error(`exit ${code}: ${complaints}`)));
  });
}

const exited = () => new Promise((resolve) => child!.once('exit', resolve));
const post = (url: string, body: unknown = null) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

async function until<T>(read: () => T | Promise<T>, done: (value: T) => boolean): Promise<T> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const value = await read();
    if (done(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('Not reached within 5 seconds.');
}

describe('a host that is killed', () => {
  it('goes on after the restart with everything it acknowledged, repeating only the activity that was interrupted', async () => {
    const steps = () =>
      readFileSync(join(directory, 'steps'), { encoding: 'utf8', flag: 'a+' }).trim().split('\n').filter(Boolean);
    const ids = ['one', 'two', 'three'];
    const url = await startChild(APP, '--port', '0', '--data', directory);
    for (const id of ids) await post(`${url}/${DURABLE}/orchestrators/steps/${id}`, { count: 12, ms: 20 });
    await post(`${url}/${DURABLE}/instances/two/raiseEvent/go`, 'early');
    await until(steps, (lines) => lines.length >= 9);
    child!.kill('SIGKILL');
    await exited();

    const again = await startChild(APP, '--port', '0', '--data', directory);
    for (const id of ['one', 'three']) await post(`${again}/${DURABLE}/instances/${id}/raiseEvent/go`, 'late');
    for (const id of ids) {
      const read = async () =>
        (await (await fetch(`${again}/${DURABLE}/instances/${id}`)).json()) as {
          runtimeStatus: string;
          output: unknown;
        };
      const { output } = await until(read, (status) => status.runtimeStatus === 'Completed');
      expect(output).toEqual([...Array(12).keys(), id === 'two' ? 'early' : 'late']);
    }
    const repeated = steps().length - new Set(steps()).size;
    expect(repeated).toBeLessThanOrEqual(ids.length);
  });
});

describe('hai-host', () => {
  it('runs the app that package.json names, in scaled time that a restart continues, and stops when told', async () => {
    const url = await startChild(APP, '--port', '0', '--data', directory, '--speed', '10000');
    const now = async (base: string) => ((await (await fetch(`${base}/api/world`)).json()) as { now: number }).now;
    const first = await now(url);
    expect(first).toBeGreaterThan(Date.now());
    const stopped = exited();
    child!.kill('SIGTERM');
    expect(await stopped).toBe(0);
    expect(await now(await startChild(APP, '--port', '0', '--data', directory))).toBeGreaterThan(first);
  });

  it('loads CommonJS and ES modules alike', async () => {
    const url = await startChild(APP, '--port', '0');
    expect(await (await fetch(`${url}/api/module`)).text()).toBe('an ES module');
  });

  it.each([
    ['without a folder', [], 'Usage: hai-host <folder>'],
    ['with an unknown option', [APP, '--fast'], "Unknown option '--fast'"],
    ['with a folder that is no app', [tmpdir()], 'No package.json in'],
  ])('explains itself %s', async (_, args, message) => {
    await expect(startChild(...args)).rejects.toThrow(message);
  });
});
