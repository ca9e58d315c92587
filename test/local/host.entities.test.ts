import { type DurableApp, startDurableApp } from './host-fixture.js';

let app: DurableApp;

beforeAll(async () => {
  app = await startDurableApp('entities', () => require('./apps/entities/app.js'));
});
afterAll(() => app.host.close());

describe('an entity', () => {
  it('answers calls after the signals sent before them, and can be read', async () => {
    const id = await app.start('count');
    expect((await app.client.getStatus(id)).output).toBe(42);
    const { EntityId } = require('durable-functions') as typeof import('durable-functions');
    const counter = new EntityId('counter', id);
    await app.client.signalEntity(counter, 'add', 1);
    await app.clock.settle();
    expect((await app.client.readEntityState(counter)).entityState).toBe(43);
    await app.client.signalEntity(counter, 'delete');
    await app.clock.settle();
    expect((await app.client.readEntityState(counter)).entityExists).toBe(false);
  });

  it('fails the orchestration that calls it when it throws', async () => {
    expect((await app.run('askBrokenEntity')).runtimeStatus).toBe('Failed');
  });
});
