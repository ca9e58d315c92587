import { type DurableApp, startDurableApp } from './host-fixture.js';

type SampleApp = typeof import('./apps/orchestrations/app.js');

const HOUR_MS = 3600_000;
let app: DurableApp;
let sample: SampleApp;

beforeAll(async () => {
  app = await startDurableApp('orchestrations', () => {
    sample = require('./apps/orchestrations/app.js');
  });
});
afterAll(() => app.host.close());
beforeEach(() => {
  sample.calls.length = 0;
});

describe('an orchestration', () => {
  it('runs activities one after the other and returns their results', async () => {
    expect(await app.run('chain', ['a', { b: 1 }])).toMatchObject({
      runtimeStatus: 'Completed',
      output: ['a', { b: 1 }],
    });
    expect(sample.calls).toEqual(['echo "a"', 'echo {"b":1}']);
  });

  it('hands values to activities with their types unchanged', async () => {
    const { output } = await app.run('types');
    expect(output).toEqual([
      ...[
        'string "text"',
        'string "123"',
        'number 5',
        'number 1.5',
        'boolean true',
        'object {"a":[1]}',
        'object ["x"]',
      ],
      ...['undefined undefined', null],
    ]);
  });

  it('waits for all of a fan-out', async () => {
    expect((await app.run('fanOut', 500)).output).toBe((499 * 500) / 2);
  });

  it('fails with the message of the activity that failed', async () => {
    const status = await app.run('failing', 'no luck');
    expect(status.runtimeStatus).toBe('Failed');
    expect(status.output).toContain("Orchestrator function 'failing' failed: Activity function 'fail' failed: no luck");
  });

  it('can catch the failure of a sub-orchestration', async () => {
    expect((await app.run('catching')).output).toContain("Activity function 'fail' failed: from the child");
  });

  it('retries with growing pauses of world time', async () => {
    sample.flaky.failuresLeft = 2;
    const id = await app.start('retrying');
    expect(sample.calls).toHaveLength(1);
    await app.clock.advance(HOUR_MS);
    expect(sample.calls).toHaveLength(2);
    await app.clock.advance(2 * HOUR_MS - 1);
    expect(sample.calls).toHaveLength(2);
    await app.clock.advance(1);
    expect((await app.client.getStatus(id)).output).toEqual({ result: 'done', hours: 3 });
  });

  it('fails when the retries are used up', async () => {
    sample.flaky.failuresLeft = 3;
    const id = await app.start('retrying');
    await app.clock.advance(3 * HOUR_MS);
    expect(sample.calls).toHaveLength(3);
    expect(await app.client.getStatus(id)).toMatchObject({
      runtimeStatus: 'Failed',
      output: expect.stringContaining('not yet'),
    });
  });

  it('starts sub-orchestrations with a given or a derived id, and with a version', async () => {
    const id = await app.start('parent');
    const [named, anonymous] = (await app.client.getStatus(id)).output as unknown as [string, string];
    expect(named).toBe(`a ${id}-child ${id} 9.9`);
    expect(anonymous).toMatch(new RegExp(`^b [0-9a-f]{32}:1 ${id} 1\\.2$`));
  });

  it('ends when its code does not fit its history any more, and says where', async () => {
    const id = await app.start('changing');
    sample.codeChange.activity = 'nothing';
    await app.client.raiseEvent(id, 'go', null);
    await app.clock.settle();
    sample.codeChange.activity = 'echo';
    const { runtimeStatus, output } = await app.client.getStatus(id);
    expect(runtimeStatus).toBe('Failed');
    expect(output).toMatch(
      /Non-Deterministic workflow detected: .*TaskScheduled "echo" .* now schedules TaskScheduled "nothing"/,
    );
  });

  it('that makes its turn fail inside the host ends with an error instead of looping', async () => {
    const message = expect.stringContaining('Invalid time value');
    expect(await app.run('brokenTimer')).toMatchObject({ runtimeStatus: 'Failed', output: message });
  });
});
