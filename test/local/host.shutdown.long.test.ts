import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/until.js';
import { appFolder, postJson } from './host-fixture.js';
import { type HostChild, startHostChild, temporaryDirectory } from './host-process.js';

const DURABLE = 'runtime/webhooks/durabletask';
const directory = temporaryDirectory();
const notesFile = join(directory.path, 'notes');
let child: HostChild | undefined;

afterEach(() => child?.kill('SIGKILL'));
afterAll(() => directory.remove());

const start = async (...args: string[]) => {
  child = await startHostChild([appFolder('shutdown'), '--port', '0', ...args], { NOTES_FILE: notesFile });
};
const notes = () => readFileSync(notesFile, { encoding: 'utf8', flag: 'a+' }).trim().split('\n');

describe('SIGTERM', () => {
  it('lets what runs finish, takes nothing new, and loses and repeats nothing', async () => {
    await start('--data', directory.path);
    await postJson(`${child!.url}/${DURABLE}/orchestrators/two/orderly`);
    const request = fetch(`${child!.url}/api/slow`);
    await until(notes, (lines) => lines.includes('request begins') && lines.includes('first begins'));
    child!.kill('SIGTERM');
    await until(
      () =>
        fetch(`${child!.url}/api/slow`).then(
          ({ status }) => status,
          () => 'refused',
        ),
      (answer) => answer === 503 || answer === 'refused',
    );
    expect(await (await request).text()).toBe('request');
    expect(await child!.exited).toBe(0);
    expect(notes()).toEqual(expect.arrayContaining(['request ends', 'first ends']));
    expect(notes()).not.toContain('second begins');

    await start('--data', directory.path);
    const read = async () =>
      (await (await fetch(`${child!.url}/${DURABLE}/instances/orderly`)).json()) as { output: unknown };
    const { output } = await until(read, (status) => status.output !== null);
    expect(output).toEqual(['first', 'second']);
    expect(notes().filter((line) => line === 'first begins')).toHaveLength(1);
  });

  it('does not wait longer than the bound for a function that never ends', async () => {
    await start('--drain-seconds', '1');
    const request = fetch(`${child!.url}/api/endless`).catch(() => 'cut off');
    await until(notes, (lines) => lines.includes('endless begins'));
    const sentMs = performance.now();
    child!.kill('SIGTERM');
    expect(await child!.exited).toBe(0);
    expect(performance.now() - sentMs).toBeLessThan(4_000);
    expect(await request).toBe('cut off');
    expect(child!.complaints()).toContain('Closed while functions were still running, after waiting 1000 ms');
  });
});
