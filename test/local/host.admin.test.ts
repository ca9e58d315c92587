import { explicitClock } from '../../local/clock.js';
import { type Host, startHost } from '../../local/host/index.js';
import { appFolder } from './host-fixture.js';

const clock = explicitClock();
let host: Host;
let sample: typeof import('./apps/timers/app.js');

const start = () =>
  startHost({
    appRoot: appFolder('timers'),
    clock,
    settings: { FRIDAY_SCHEDULE: '0 30 12 13 * 5', 'AzureWebJobs.disabled.Disabled': 'true' },
    loadApp: () => {
      sample = require('./apps/timers/app.js');
    },
    log: () => {},
  });

beforeAll(async () => {
  host = await start();
});
afterAll(() => host.close());

describe('the admin addresses', () => {
  const admin = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${host.url}/admin/${path}`, init);
    const text = await response.text();
    return { status: response.status, body: /^[{[]/.test(text) ? JSON.parse(text) : text };
  };

  it('tell the state of the host and list its functions', async () => {
    expect((await admin('host/status')).body.state).toBe('Running');
    const { body } = await admin('functions');
    expect(body).toHaveLength(host.functions.length + 1);
    expect(body).toContainEqual(
      expect.objectContaining({ name: 'hourly', invoke_url_template: null, isDisabled: false }),
    );
    expect((await admin('functions/disabled')).body).toMatchObject({ isDisabled: true });
  });

  it('fire a timer by hand', async () => {
    sample.timerRuns.length = 0;
    const response = await admin('functions/hourly', { method: 'POST', body: '{"input":""}' });
    expect(response.status).toBe(202);
    await clock.settle();
    expect(sample.timerRuns.map((run) => run.name)).toEqual(['hourly']);
  });

  it.each([
    ['POST', 'functions/disabled', '{}', 400],
    ['POST', 'functions/hourly', '{', 400],
    ['POST', 'functions/unknown', '{}', 404],
    ['PUT', 'functions/hourly', '{}', 405],
    ['GET', 'unknown', undefined, 404],
  ])('refuse %s %s', async (method, path, body, status) => {
    expect((await admin(path, { method, body })).status).toBe(status);
  });

  it('answer pings, and tell that a function has no errors', async () => {
    expect((await admin('host/ping', { method: 'POST' })).status).toBe(200);
    expect(await admin('functions/hourly/status')).toEqual({ status: 200, body: {} });
  });

  it('drain the host: its triggers take no more work', async () => {
    expect((await admin('host/drain/status')).body).toMatchObject({ state: 'Disabled' });
    expect((await admin('host/drain', { method: 'POST' })).status).toBe(202);
    expect((await admin('host/drain/status')).body).toMatchObject({ state: 'Completed', outstandingInvocations: 0 });
    sample.timerRuns.length = 0;
    await clock.advance(2 * 3600_000);
    expect(sample.timerRuns).toEqual([]);
    await host.close();
    host = await start();
  });
});
