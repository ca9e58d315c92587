import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../support/until.js';
import { appFolder, postJson } from './host-fixture.js';
import { type HostChild, startHostChild, temporaryDirectory } from './host-process.js';

const APP = appFolder('crash');
const DURABLE = 'runtime/webhooks/durabletask';

let directory: ReturnType<typeof temporaryDirectory>;
let child: HostChild | undefined;

beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
  directory.remove();
});

const start = async (...args: string[]): Promise<string> => {
  child = await startHostChild(args, { STEPS_FILE: join(directory.path, 'steps') });
  return child.url;
};

describe('a host that is killed', () => {
  it('goes on after the restart with everything it acknowledged, repeating only the activity that was interrupted', async () => {
    const steps = () =>
      readFileSync(join(directory.path, 'steps'), { encoding: 'utf8', flag: 'a+' }).trim().split('\n').filter(Boolean);
    const ids = ['one', 'two', 'three'];
    const url = await start(APP, '--port', '0', '--data', directory.path);
    for (const id of ids) await postJson(`${url}/${DURABLE}/orchestrators/steps/${id}`, { count: 12, ms: 20 });
    await postJson(`${url}/${DURABLE}/instances/two/raiseEvent/go`, 'early');
    await until(steps, (lines) => lines.length >= 9);
    child!.kill('SIGKILL');
    await child!.exited;

    const again = await start(APP, '--port', '0', '--data', directory.path);
    for (const id of ['one', 'three']) await postJson(`${again}/${DURABLE}/instances/${id}/raiseEvent/go`, 'late');
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
    const url = await start(APP, '--port', '0', '--data', directory.path, '--speed', '10000');
    const now = async (base: string) => ((await (await fetch(`${base}/api/world`)).json()) as { now: number }).now;
    const first = await now(url);
    expect(first).toBeGreaterThan(Date.now());
    const stopped = child!.exited;
    child!.kill('SIGTERM');
    expect(await stopped).toBe(0);
    expect(await now(await start(APP, '--port', '0', '--data', directory.path))).toBeGreaterThan(first);
  });

  it('loads CommonJS and ES modules alike', async () => {
    const url = await start(APP, '--port', '0');
    expect(await (await fetch(`${url}/api/module`)).text()).toBe('an ES module');
  });

  it.each([
    ['without a folder', [], 'Usage: hai-host <folder>'],
    ['with an unknown option', [APP, '--fast'], "Unknown option '--fast'"],
    ['with a folder that is no app', [tmpdir()], 'No package.json in'],
  ])('explains itself %s', async (_, args, message) => {
    await expect(start(...args)).rejects.toThrow(message);
  });
});
