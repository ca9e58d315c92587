import { join } from 'node:path';
import { explicitClock } from '../../local/clock.js';
import { startHost } from '../../local/host/index.js';
import { appFolder, postJson } from './host-fixture.js';
import { temporaryDirectory } from './host-process.js';

const INSTANCES = 5_000;
const AT_ONCE = 100;
/** What a restart may take with all of them running. */
const RECOVERY_LIMIT_MS = 1_000;
const HOUR_MS = 3600_000;

const directory = temporaryDirectory();
const clock = explicitClock();
const start = () =>
  startHost({
    appRoot: appFolder('events'),
    clock,
    dataFile: join(directory.path, 'host.sqlite'),
    loadApp: () => require('./apps/events/app.js'),
    log: () => {},
  });

afterAll(() => directory.remove());

describe('a host with 5,000 running instances', () => {
  it('is back in less than a second, and all of them go on', async () => {
    const host = await start();
    const startOne = async (index: number) => {
      const url = `${host.url}/runtime/webhooks/durabletask/orchestrators/timeoutOrEvent/waiting-${index}`;
      expect((await postJson(url, 9 * HOUR_MS)).status).toBe(202);
    };
    for (let first = 0; first < INSTANCES; first += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, offset) => startOne(first + offset)));
    await clock.settle();
    await host.close();

    const beforeMs = performance.now();
    const again = await start();
    const api = `${again.url}/runtime/webhooks/durabletask/instances/`;
    expect((await fetch(`${api}waiting-0`)).status).toBe(202);
    expect(performance.now() - beforeMs).toBeLessThan(RECOVERY_LIMIT_MS);

    await postJson(`${api}waiting-7/raiseEvent/approval`, 'first');
    await clock.settle();
    expect(await (await fetch(`${api}waiting-7`)).json()).toMatchObject({ output: { approved: 'first' } });
    await clock.advance(9 * HOUR_MS);
    const open = await (await fetch(`${api}?runtimeStatus=Running,Pending,Failed`)).json();
    expect(open).toEqual([]);
    await again.close();
  });
});
