import { explicitClock } from '../../local/clock.js';
import { withoutWaiting } from './broker-fixture.js';
import { type DurableApp, startDurableApp } from './host-fixture.js';

const time = explicitClock();
const logs: string[] = [];
let app: DurableApp;
let sample: typeof import('./apps/limits/app.js');

beforeAll(async () => {
  const load = () => {
    sample = require('./apps/limits/app.js');
  };
  // Time has to move while functions run, or none could run too long.
  app = await startDurableApp('limits', load, {
    clock: withoutWaiting(time),
    log: (level, category, message) => logs.push(`${level} ${category}: ${message}`),
  });
});
afterAll(() => app.host.close());
beforeEach(() => sample.closeGate());
afterEach(() => sample.gate.open());

const until = async (done: () => boolean | Promise<boolean>) => {
  for (let attempt = 0; attempt < 200 && !(await done()); attempt++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await done()).toBe(true);
};

describe('host.json', () => {
  it('bounds the HTTP functions that run at once and the requests that wait for them', async () => {
    const calls = Array.from({ length: 4 }, () => fetch(`${app.host.url}/api/gated`));
    await until(() => sample.gate.running === 2);
    await until(async () => (await fetch(`${app.host.url}/api/gated`)).status === 429);
    sample.gate.open();
    expect((await Promise.all(calls)).map((response) => response.status)).toEqual([200, 200, 200, 200]);
    expect(sample.gate.most).toBe(2);
  });

  it('adds its headers to replies', async () => {
    sample.gate.open();
    const response = await fetch(`${app.host.url}/api/gated`);
    expect(response.headers.get('x-served-by')).toBe('the limits app');
  });

  it('bounds the activities that run at once', async () => {
    const id = await app.client.startNew('fanOut');
    await until(() => sample.gate.running === 3);
    sample.gate.open();
    await until(async () => (await app.client.getStatus(id)).runtimeStatus === 'Completed');
    expect(sample.gate.most).toBe(3);
  });

  it('ends the wait for a function that runs longer than functionTimeout', async () => {
    const call = fetch(`${app.host.url}/api/gated`);
    await until(() => sample.gate.running === 1);
    await time.advance(30_000);
    expect((await call).status).toBe(500);
    expect(logs.join()).toContain('Function "gated" exceeded the functionTimeout of host.json, 30000 ms.');
  });
});
