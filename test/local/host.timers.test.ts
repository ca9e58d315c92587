import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explicitClock } from '../../local/clock.js';
import { type Host, type HostOptions, startHost } from '../../local/host/index.js';
import { appFolder } from './host-fixture.js';

const HOUR_MS = 3600_000;
const SETTINGS = { FRIDAY_SCHEDULE: '0 30 12 13 * 5', 'AzureWebJobs.disabled.Disabled': 'true' };

let clock = explicitClock(Date.UTC(2026, 0, 5, 9));
let directory: string;
let host: Host;
let sample: typeof import('./apps/timers/app.js');

const start = (options: Partial<HostOptions> = {}) =>
  startHost({
    appRoot: appFolder('timers'),
    clock,
    dataFile: join(directory, 'host.sqlite'),
    settings: SETTINGS,
    loadApp: () => {
      sample = require('./apps/timers/app.js');
    },
    log: () => {},
    ...options,
  });

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'host-'));
  host = await start();
});
afterAll(async () => {
  await host.close();
  rmSync(directory, { recursive: true });
});

describe('a timer', () => {
  it('runs on its schedule in world time', async () => {
    sample.timerRuns.length = 0;
    await clock.advance(2.5 * HOUR_MS);
    expect(sample.timerRuns).toEqual([
      { name: 'hourly', at: '2026-01-05T10:00:00.000Z', isPastDue: false, last: '1970-01-01T00:00:00.000Z' },
      { name: 'hourly', at: '2026-01-05T11:00:00.000Z', isPastDue: false, last: '2026-01-05T10:00:00.000Z' },
    ]);
  });

  it('with day of month and day of week runs when both are right', async () => {
    sample.timerRuns.length = 0;
    await clock.advance(60 * 24 * HOUR_MS);
    expect(sample.timerRuns.filter((run) => run.name === 'friday13th').map((run) => run.at)).toEqual([
      '2026-02-13T12:30:00.000Z',
    ]);
  });

  it('makes up for a run that was missed while the host was down', async () => {
    await host.close();
    sample.timerRuns.length = 0;
    clock = explicitClock(clock.now() + 5 * HOUR_MS);
    host = await start();
    await clock.settle();
    expect(sample.timerRuns).toMatchObject([{ name: 'hourly', isPastDue: true }]);
    await clock.advance(HOUR_MS);
    expect(sample.timerRuns[1]).toMatchObject({ name: 'hourly', isPastDue: false });
  });

  it('with a schedule that is none keeps the host from starting', async () => {
    await host.close();
    const settings = { ...SETTINGS, FRIDAY_SCHEDULE: 'every friday' };
    await expect(start({ settings })).rejects.toThrow('is not an NCRONTAB schedule');
    host = await start();
  });

  it('that is disabled does not run', async () => {
    expect(host.functions).not.toContain('disabled');
    sample.timerRuns.length = 0;
    await clock.advance(2 * HOUR_MS);
    expect(new Set(sample.timerRuns.map((run) => run.name))).toEqual(new Set(['hourly']));
  });
});
