import { type DurableApp, startDurableApp } from './host-fixture.js';

const HOUR_MS = 3600_000;
let app: DurableApp;

beforeAll(async () => {
  app = await startDurableApp('events', () => require('./apps/events/app.js'));
});
afterAll(() => app.host.close());

describe('timers and events', () => {
  it('fire in world time, also when a timer is longer than one message may wait', async () => {
    const started = app.clock.now();
    const id = await app.start('sleep', 20 * 24 * HOUR_MS);
    await app.clock.advance(20 * 24 * HOUR_MS - 1);
    expect((await app.client.getStatus(id)).runtimeStatus).toBe('Running');
    await app.clock.advance(1);
    expect((await app.client.getStatus(id)).output).toBe(new Date(started + 20 * 24 * HOUR_MS).toISOString());
  });

  it('race: the event wins', async () => {
    const id = await app.start('timeoutOrEvent');
    await app.client.raiseEvent(id, 'approval', { by: 'me' });
    await app.clock.settle();
    expect((await app.client.getStatus(id)).output).toEqual({ approved: { by: 'me' } });
  });

  it('race: the timer wins', async () => {
    const id = await app.start('timeoutOrEvent');
    await app.clock.advance(HOUR_MS);
    expect((await app.client.getStatus(id)).output).toBe('timed out');
  });

  it('leave no timer behind when an instance ends', async () => {
    const id = await app.start('timeoutOrEvent', 9 * HOUR_MS);
    await app.client.raiseEvent(id, 'approval', 1);
    await app.clock.settle();
    await expect(app.clock.runUntil(() => false, 10 * HOUR_MS)).rejects.toThrow('0 timers left');
  });

  it('survive continue-as-new, even many at once', async () => {
    const id = await app.start('collect', { left: 30, seen: [] });
    const items = Array.from({ length: 30 }, (_, index) => `item ${index}`);
    for (const item of items) await app.client.raiseEvent(id, 'item', item);
    await app.clock.settle();
    expect((await app.client.getStatus(id)).output).toEqual(items);
  });
});
