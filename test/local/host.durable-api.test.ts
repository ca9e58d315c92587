import { type DurableApp, startDurableApp } from './host-fixture.js';

type SampleApp = typeof import('./apps/orchestrations/app.js');

let app: DurableApp;
let sample: SampleApp;

beforeAll(async () => {
  app = await startDurableApp('orchestrations', () => {
    sample = require('./apps/orchestrations/app.js');
  });
});
afterAll(() => app.host.close());

describe('the durable HTTP API', () => {
  it('answers a start with the links that follow it', async () => {
    const response = await fetch(`${app.host.url}/api/start/chain?id=linked`, { method: 'POST', body: '["x"]' });
    expect(response.status).toBe(202);
    await app.clock.settle();
    const status = await fetch(response.headers.get('location')!);
    expect(status.status).toBe(200);
    expect(await status.json()).toMatchObject({ instanceId: 'linked', runtimeStatus: 'Completed', output: ['x'] });
  });

  it('can wait for the result', async () => {
    const response = await fetch(`${app.api('')}orchestrators/chain?timeout=30&pollingInterval=1`, {
      method: 'POST',
      body: '[1]',
    });
    expect([response.status, await response.json()]).toEqual([200, [1]]);
    const slow = fetch(`${app.api('')}orchestrators/changing?timeout=30`, { method: 'POST' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await app.clock.advance(30_000);
    expect((await slow).status).toBe(202);
  });

  it('says accepted while an instance runs and shows the history on request', async () => {
    const id = await app.start('retrying');
    sample.flaky.failuresLeft = 0;
    const response = await fetch(
      `${app.api('')}instances/${id}?showHistory=true&showHistoryOutput=true&showInput=false`,
    );
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
    ['POST', 'instances/unknown/rewind', 404],
    ['POST', 'instances/unknown/restart', 404],
    ['GET', 'entities/counter/unknown', 404],
    ['DELETE', 'instances/', 400],
    ['GET', 'nothing', 404],
  ])('refuses %s %s with %i', async (method, path, status) => {
    expect((await fetch(`${app.api('')}${path}`, { method })).status).toBe(status);
  });

  it('refuses an event that is not JSON', async () => {
    const id = await app.start('changing');
    const raise = (headers: Record<string, string>, body: string) =>
      fetch(`${app.api('')}instances/${id}/raiseEvent/go`, { method: 'POST', headers, body });
    expect((await raise({ 'content-type': 'text/plain' }, '1')).status).toBe(400);
    expect((await raise({ 'content-type': 'application/json' }, '{')).status).toBe(400);
  });
});
