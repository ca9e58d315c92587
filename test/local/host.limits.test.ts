import { explicitClock } from '../../local/clock.js';
import { until } from '../support/until.js';
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

describe('host.json', () => {
  it('bounds the HTTP functions that run at once and the requests that wait for them', async () => {
    const statuses: number[] = [];
    const call = async () => void statuses.push((await fetch(`${app.host.url}/api/gated`)).status);
    const calls = Array.from({ length: 5 }, call);
    await until(() => sample.gate.running === 2 && statuses.length === 1);
    sample.gate.open();
    await Promise.all(calls);
    expect(statuses).toEqual([429, 200, 200, 200, 200]);
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
