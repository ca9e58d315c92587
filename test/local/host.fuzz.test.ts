import fc from 'fast-check';
import { eventsOf, fuzzInput } from './fuzz-plans.js';
import { type DurableApp, startDurableApp } from './host-fixture.js';

let app: DurableApp;

beforeAll(async () => {
  app = await startDurableApp('fuzz', () => require('./apps/fuzz/app.js'));
});
afterAll(() => app.host.close());

describe('random orchestrations with the real library', () => {
  it('complete, and every task gets its own result', async () => {
    await fc.assert(
      fc.asyncProperty(fuzzInput, async (input) => {
        const id = await app.client.startNew('fuzz', { input });
        for (const name of eventsOf(input.plans)) await app.client.raiseEvent(id, name, { event: name });
        const status = () => app.client.getStatus(id);
        await app.clock.runUntil(async () => (await status()).runtimeStatus !== 'Running', 400 * 24 * 3600_000);
        expect(await status()).toMatchObject({ runtimeStatus: 'Completed', output: [] });
      }),
      { numRuns: 150 },
    );
  });
});
