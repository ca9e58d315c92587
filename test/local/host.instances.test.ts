import { type DurableApp, startDurableApp } from './host-fixture.js';

const HOUR_MS = 3600_000;
let app: DurableApp;

beforeAll(async () => {
  app = await startDurableApp('events', () => require('./apps/events/app.js'));
});
afterAll(() => app.host.close());

describe('an instance', () => {
  it('refuses a second start of its id while it runs, and starts anew once it has ended', async () => {
    await app.start('timeoutOrEvent', undefined, 'single');
    await expect(app.client.startNew('timeoutOrEvent', { instanceId: 'single' })).rejects.toThrow('409');
    await app.clock.advance(HOUR_MS);
    await app.start('echo', 'again', 'single');
    expect(await app.client.getStatus('single')).toMatchObject({ name: 'echo', output: 'again' });
  });

  it('shows its latest custom status and its input while it runs', async () => {
    const id = await app.start('collect', { left: 2, seen: [] });
    await app.client.raiseEvent(id, 'item', 'first');
    await app.clock.settle();
    expect(await app.client.getStatus(id)).toMatchObject({
      runtimeStatus: 'Running',
      input: { left: 1, seen: ['first'] },
      customStatus: { left: 1 },
      output: null,
    });
  });

  it('keeps what arrives while it is suspended, and goes on when resumed', async () => {
    const id = await app.start('timeoutOrEvent');
    await app.client.suspend(id, 'hold on');
    await app.clock.settle();
    await app.client.raiseEvent(id, 'approval', 'late');
    await app.clock.advance(2 * HOUR_MS);
    expect((await app.client.getStatus(id)).runtimeStatus).toBe('Suspended');
    await app.client.resume(id, 'go on');
    await app.clock.settle();
    expect((await app.client.getStatus(id)).output).toEqual({ approved: 'late' });
  });

  it('can be terminated, and takes no events afterwards', async () => {
    const id = await app.start('timeoutOrEvent');
    await app.client.terminate(id, 'not needed');
    await app.clock.settle();
    expect(await app.client.getStatus(id)).toMatchObject({ runtimeStatus: 'Terminated', output: 'not needed' });
    const response = await fetch(`${app.host.url}/runtime/webhooks/durabletask/instances/${id}/raiseEvent/approval`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '1',
    });
    expect(response.status).toBe(410);
  });

  it('is gone after a purge, which refuses running ones', async () => {
    const id = await app.start('timeoutOrEvent');
    await expect(app.client.purgeInstanceHistory(id)).rejects.toThrow('only finished ones can be purged');
    await app.clock.advance(HOUR_MS);
    expect(await app.client.purgeInstanceHistory(id)).toEqual({ instancesDeleted: 1 });
    await expect(app.client.getStatus(id)).rejects.toThrow('404');
    expect(await app.client.purgeInstanceHistory(id)).toEqual({ instancesDeleted: 0 });
  });

  it('is found by status and time, page by page', async () => {
    const before = new Date(app.clock.now());
    const ids = await Promise.all(
      Array.from({ length: 130 }, (_, index) =>
        app.client.startNew('echo', { instanceId: `page-${index}`, input: [] }),
      ),
    );
    await app.clock.settle();
    await app.start('timeoutOrEvent', undefined, 'page-open');
    const found = await app.client.getStatusBy({ createdTimeFrom: before, runtimeStatus: ['Completed' as never] });
    expect(found.map((status) => status.instanceId).sort()).toEqual(ids.sort());
    const purged = await app.client.purgeInstanceHistoryBy({
      createdTimeFrom: before,
      runtimeStatus: ['Completed' as never],
    });
    expect(purged.instancesDeleted).toBe(130);
    expect((await app.client.getStatus('page-open')).runtimeStatus).toBe('Running');
  });
});
