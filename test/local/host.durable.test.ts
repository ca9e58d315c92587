import { join } from 'node:path';
import type { DurableClient, DurableOrchestrationStatus } from 'durable-functions';
import { explicitClock } from '../../local/clock.js';
import { type Host, startHost } from '../../local/host/index.js';

type SampleApp = typeof import('./apps/sample/durable.js');

const HOUR_MS = 3600_000;
const clock = explicitClock();
let host: Host;
let sample: SampleApp;
let client: DurableClient;

beforeAll(async () => {
  host = await startHost({
    appRoot: join(__dirname, 'apps', 'sample'),
    clock,
    loadApp: () => {
      sample = require('./apps/sample/durable.js');
    },
    log: () => {},
  });
  await fetch(`${host.url}/api/client`);
  client = sample.client;
});
afterAll(() => host.close());
beforeEach(() => {
  sample.calls.length = 0;
});

const start = async (name: string, input?: unknown, instanceId?: string): Promise<string> => {
  const id = await client.startNew(name, { input, instanceId });
  await clock.settle();
  return id;
};
const run = async (name: string, input?: unknown): Promise<DurableOrchestrationStatus> =>
  client.getStatus(await start(name, input));

const statusOf = (id: string) => client.getStatus(id);

describe('an orchestration', () => {
  it('runs activities one after the other and returns their results', async () => {
    expect(await run('chain', ['a', { b: 1 }])).toMatchObject({ runtimeStatus: 'Completed', output: ['a', { b: 1 }] });
    expect(sample.calls).toEqual(['echo "a"', 'echo {"b":1}']);
  });

  it('hands values to activities with their types unchanged', async () => {
    const { output } = await run('types');
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
    expect((await run('fanOut', 500)).output).toBe((499 * 500) / 2);
  });

  it('fails with the message of the activity that failed', async () => {
    const status = await run('failing', 'no luck');
    expect(status.runtimeStatus).toBe('Failed');
    expect(status.output).toContain("Orchestrator function 'failing' failed: Activity function 'fail' failed: no luck");
  });

  it('can catch the failure of a sub-orchestration', async () => {
    expect((await run('catching')).output).toContain("Activity function 'fail' failed: from the child");
  });

  it('retries with growing pauses of world time', async () => {
    sample.flaky.failuresLeft = 2;
    const id = await start('retrying');
    expect(sample.calls).toHaveLength(1);
    await clock.advance(HOUR_MS);
    expect(sample.calls).toHaveLength(2);
    await clock.advance(2 * HOUR_MS - 1);
    expect(sample.calls).toHaveLength(2);
    await clock.advance(1);
    expect((await statusOf(id)).output).toEqual({ result: 'done', hours: 3 });
  });

  it('fails when the retries are used up', async () => {
    sample.flaky.failuresLeft = 3;
    const id = await start('retrying');
    await clock.advance(3 * HOUR_MS);
    expect(sample.calls).toHaveLength(3);
    expect(await statusOf(id)).toMatchObject({ runtimeStatus: 'Failed', output: expect.stringContaining('not yet') });
  });

  it('starts sub-orchestrations with a given or a derived id, and with a version', async () => {
    const id = await start('parent');
    const [named, anonymous] = (await statusOf(id)).output as unknown as [string, string];
    expect(named).toBe(`a ${id}-child ${id} 9.9`);
    expect(anonymous).toMatch(new RegExp(`^b [0-9a-f]{32}:1 ${id} 1\\.2$`));
  });

  it('ends when its code does not fit its history any more, and says where', async () => {
    const id = await start('changing');
    sample.codeChange.activity = 'nothing';
    await client.raiseEvent(id, 'go', null);
    await clock.settle();
    sample.codeChange.activity = 'echo';
    const { runtimeStatus, output } = await statusOf(id);
    expect(runtimeStatus).toBe('Failed');
    expect(output).toMatch(
      /Non-Deterministic workflow detected: .*TaskScheduled "echo" .* now schedules TaskScheduled "nothing"/,
    );
  });

  it.each([
    ['callingHttp', 'context.df.callHttp is not supported by the embedded host'],
    ['locking', 'lock requires a Durable Functions extension'],
    ['brokenTimer', 'Invalid time value'],
  ])('%s ends with an error instead of looping or hanging', async (name, message) => {
    expect(await run(name)).toMatchObject({ runtimeStatus: 'Failed', output: expect.stringContaining(message) });
  });
});

describe('timers and events', () => {
  it('fire in world time, also when a timer is longer than one message may wait', async () => {
    const started = clock.now();
    const id = await start('sleep', 20 * 24 * HOUR_MS);
    await clock.advance(20 * 24 * HOUR_MS - 1);
    expect((await statusOf(id)).runtimeStatus).toBe('Running');
    await clock.advance(1);
    expect((await statusOf(id)).output).toBe(new Date(started + 20 * 24 * HOUR_MS).toISOString());
  });

  it('race: the event wins', async () => {
    const id = await start('timeoutOrEvent');
    await client.raiseEvent(id, 'approval', { by: 'me' });
    await clock.settle();
    expect((await statusOf(id)).output).toEqual({ approved: { by: 'me' } });
  });

  it('race: the timer wins', async () => {
    const id = await start('timeoutOrEvent');
    await clock.advance(HOUR_MS);
    expect((await statusOf(id)).output).toBe('timed out');
  });

  it('leave no timer behind when an instance ends', async () => {
    const id = await start('timeoutOrEvent', 9 * HOUR_MS);
    await client.raiseEvent(id, 'approval', 1);
    await clock.settle();
    await expect(clock.runUntil(() => false, 10 * HOUR_MS)).rejects.toThrow('0 timers left');
  });

  it('survive continue-as-new, even many at once', async () => {
    const id = await start('collect', { left: 30, seen: [] });
    const items = Array.from({ length: 30 }, (_, index) => `item ${index}`);
    for (const item of items) await client.raiseEvent(id, 'item', item);
    await clock.settle();
    expect((await statusOf(id)).output).toEqual(items);
  });
});

describe('an instance', () => {
  it('refuses a second start of its id while it runs, and starts anew once it has ended', async () => {
    await start('timeoutOrEvent', undefined, 'single');
    await expect(client.startNew('timeoutOrEvent', { instanceId: 'single' })).rejects.toThrow('409');
    await clock.advance(HOUR_MS);
    await start('chain', ['again'], 'single');
    expect(await statusOf('single')).toMatchObject({ name: 'chain', output: ['again'] });
  });

  it('shows its latest custom status and its input while it runs', async () => {
    const id = await start('changing', { for: 'now' });
    expect(await statusOf(id)).toMatchObject({
      runtimeStatus: 'Running',
      input: { for: 'now' },
      customStatus: { stage: 'waiting' },
      output: null,
    });
  });

  it('keeps what arrives while it is suspended, and goes on when resumed', async () => {
    const id = await start('timeoutOrEvent');
    await client.suspend(id, 'hold on');
    await clock.settle();
    await client.raiseEvent(id, 'approval', 'late');
    await clock.advance(2 * HOUR_MS);
    expect((await statusOf(id)).runtimeStatus).toBe('Suspended');
    await client.resume(id, 'go on');
    await clock.settle();
    expect((await statusOf(id)).output).toEqual({ approved: 'late' });
  });

  it('can be terminated, and takes no events afterwards', async () => {
    const id = await start('timeoutOrEvent');
    await client.terminate(id, 'not needed');
    await clock.settle();
    expect(await statusOf(id)).toMatchObject({ runtimeStatus: 'Terminated', output: 'not needed' });
    const response = await fetch(`${host.url}/runtime/webhooks/durabletask/instances/${id}/raiseEvent/approval`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '1',
    });
    expect(response.status).toBe(410);
  });

  it('is gone after a purge, which refuses running ones', async () => {
    const id = await start('timeoutOrEvent');
    await expect(client.purgeInstanceHistory(id)).rejects.toThrow('only finished ones can be purged');
    await clock.advance(HOUR_MS);
    expect(await client.purgeInstanceHistory(id)).toEqual({ instancesDeleted: 1 });
    await expect(statusOf(id)).rejects.toThrow('404');
    expect(await client.purgeInstanceHistory(id)).toEqual({ instancesDeleted: 0 });
  });

  it('is found by status and time, page by page', async () => {
    const before = new Date(clock.now());
    const ids = await Promise.all(
      Array.from({ length: 130 }, (_, index) => client.startNew('chain', { instanceId: `page-${index}`, input: [] })),
    );
    await clock.settle();
    await start('timeoutOrEvent', undefined, 'page-open');
    const found = await client.getStatusBy({ createdTimeFrom: before, runtimeStatus: ['Completed' as never] });
    expect(found.map((status) => status.instanceId).sort()).toEqual(ids.sort());
    const purged = await client.purgeInstanceHistoryBy({
      createdTimeFrom: before,
      runtimeStatus: ['Completed' as never],
    });
    expect(purged.instancesDeleted).toBe(130);
    expect((await statusOf('page-open')).runtimeStatus).toBe('Running');
  });
});

describe('an entity', () => {
  it('answers calls after the signals sent before them, and can be read', async () => {
    const id = await start('count');
    expect((await statusOf(id)).output).toBe(42);
    const { EntityId } = require('durable-functions') as typeof import('durable-functions');
    const counter = new EntityId('counter', id);
    await client.signalEntity(counter, 'add', 1);
    await clock.settle();
    expect((await client.readEntityState(counter)).entityState).toBe(43);
    await client.signalEntity(counter, 'delete');
    await clock.settle();
    expect((await client.readEntityState(counter)).entityExists).toBe(false);
  });

  it('fails the orchestration that calls it when it throws', async () => {
    expect((await run('askBrokenEntity')).runtimeStatus).toBe('Failed');
  });
});

describe('the durable HTTP API', () => {
  const api = () => `${host.url}/runtime/webhooks/durabletask`;

  it('answers a start with the links that follow it', async () => {
    const response = await fetch(`${host.url}/api/start/chain?id=linked`, { method: 'POST', body: '["x"]' });
    expect(response.status).toBe(202);
    await clock.settle();
    const status = await fetch(response.headers.get('location')!);
    expect(status.status).toBe(200);
    expect(await status.json()).toMatchObject({ instanceId: 'linked', runtimeStatus: 'Completed', output: ['x'] });
  });

  it('can wait for the result', async () => {
    const response = await fetch(`${api()}/orchestrators/chain?timeout=30&pollingInterval=1`, {
      method: 'POST',
      body: '[1]',
    });
    expect([response.status, await response.json()]).toEqual([200, [1]]);
    const slow = fetch(`${api()}/orchestrators/sleep?timeout=30`, { method: 'POST', body: String(HOUR_MS) });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await clock.advance(30_000);
    expect((await slow).status).toBe(202);
    await clock.advance(HOUR_MS);
  });

  it('says accepted while an instance runs and shows the history on request', async () => {
    const id = await start('retrying');
    sample.flaky.failuresLeft = 0;
    const response = await fetch(`${api()}/instances/${id}?showHistory=true&showHistoryOutput=true&showInput=false`);
    const body = (await response.json()) as { input: unknown; historyEvents: { EventType: string }[] };
    expect(body.input).toBeNull();
    expect(body.historyEvents.map((event) => event.EventType)).toEqual([
      'ExecutionStarted',
      'TaskCompleted',
      'ExecutionCompleted',
    ]);
    expect(body.historyEvents[1]).toMatchObject({ FunctionName: 'flaky', Result: 'done' });
  });

  it.each([
    ['POST', 'orchestrators/unknown', 400],
    ['POST', 'orchestrators/chain/a%23b', 400],
    ['GET', 'instances/unknown', 404],
    ['POST', 'instances/unknown/terminate', 404],
    ['POST', 'instances/unknown/rewind', 501],
    ['GET', 'entities/counter/unknown', 404],
    ['DELETE', 'instances/', 400],
    ['GET', 'nothing', 404],
  ])('refuses %s %s with %i', async (method, path, status) => {
    expect((await fetch(`${api()}/${path}`, { method })).status).toBe(status);
  });

  it('refuses an event that is not JSON', async () => {
    const id = await start('timeoutOrEvent');
    const raise = (headers: Record<string, string>, body: string) =>
      fetch(`${api()}/instances/${id}/raiseEvent/approval`, { method: 'POST', headers, body });
    expect((await raise({ 'content-type': 'text/plain' }, '1')).status).toBe(400);
    expect((await raise({ 'content-type': 'application/json' }, '{')).status).toBe(400);
  });
});
