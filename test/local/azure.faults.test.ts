import { anchorNow, explicitClock, runningClock } from '../../local/clock.js';
import type { RecordedRequest } from '../../local/world/azure/index.js';
import { APIM, GROUP, refusal, SERVICE_ID, startTestAzure, TEAMS, type TestAzure } from './azure-fixture.js';

function createProduct({ apim }: TestAzure, name = 'p1') {
  return apim.product.createOrUpdate(GROUP, APIM, name, { displayName: name });
}

function control({ world }: TestAzure, method: string, path: string, body?: unknown) {
  return fetch(`${world.controlUrl}${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) });
}

describe('a fault', () => {
  it('refuses as often as it says, where it says', async () => {
    const azure = await startTestAzure({
      faults: [
        {
          match: { method: 'PUT', path: '/products/' },
          skip: 1,
          times: 2,
          answer: { status: 409, code: 'PessimisticConcurrencyConflict', retryAfterSeconds: 7 },
        },
      ],
    });
    await createProduct(azure);
    for (let time = 0; time < 2; time++) {
      expect(await refusal(createProduct(azure))).toMatchObject({
        statusCode: 409,
        code: 'PessimisticConcurrencyConflict',
      });
    }
    await createProduct(azure);
    expect(azure.world.faults.list()).toMatchObject([{ hits: 3 }]);
  });

  it('loses the request, or only its answer', async () => {
    const azure = await startTestAzure();
    azure.world.faults.add({ kind: 'drop-before-effect', match: { method: 'PUT' }, times: 1 });
    expect((await refusal(createProduct(azure, 'lost'))).statusCode).toBeUndefined();
    expect(await refusal(azure.apim.product.get(GROUP, APIM, 'lost'))).toMatchObject({ statusCode: 404 });
    azure.world.faults.add({ kind: 'drop-after-effect', match: { method: 'PUT' }, times: 1 });
    expect((await refusal(createProduct(azure, 'kept'))).statusCode).toBeUndefined();
    expect((await azure.apim.product.get(GROUP, APIM, 'kept')).name).toBe('kept');
  });

  it('hangs an operation for good', async () => {
    const azure = await startTestAzure({
      faults: [{ kind: 'stuck-operation', match: { path: '/accounts/' }, times: 1 }],
    });
    const account = {
      location: 'swedencentral',
      kind: 'AIServices',
      sku: { name: 'S0' },
      properties: { customSubDomainName: 'foundry-alpha' },
    };
    await azure.foundry.accounts.beginCreate(TEAMS, 'foundry-alpha', account);
    await azure.clock.advance(86_400_000);
    const found = await azure.foundry.accounts.get(TEAMS, 'foundry-alpha');
    expect(found.properties?.provisioningState).toBe('Creating');
  });

  it('slows an answer down in world time', async () => {
    // A thousand times as fast: thirty seconds of the world pass in thirty milliseconds.
    const clock = runningClock(anchorNow(1_000));
    const azure = await startTestAzure({ clock: clock as never });
    await createProduct(azure, 'warm');
    azure.world.faults.add({ kind: 'slow', match: { method: 'PUT' }, times: 1, seconds: 30 });
    const startMs = clock.now();
    await createProduct(azure);
    expect(clock.now() - startMs).toBeGreaterThanOrEqual(30_000);
  });

  it('can be added, seen and taken away while the world runs', async () => {
    const azure = await startTestAzure();
    const fault = { name: 'outage', match: { service: 'arm' }, answer: { status: 503, code: 'ServiceUnavailable' } };
    expect((await control(azure, 'POST', '/faults', fault)).status).toBe(201);
    expect(await refusal(createProduct(azure))).toMatchObject({ statusCode: 503 });
    expect(await (await control(azure, 'GET', '/faults')).json()).toMatchObject({
      value: [{ name: 'outage', hits: 1 }],
    });
    await control(azure, 'DELETE', '/faults?name=outage');
    await createProduct(azure);
    const wrong = await control(azure, 'POST', '/faults', { match: { methods: 'PUT' } });
    expect([wrong.status, await wrong.text()]).toEqual([400, expect.stringContaining('Invalid input')]);
  });
});

describe('the recorder', () => {
  it('shows every write with its secrets masked, and counts all requests', async () => {
    const entries: RecordedRequest[] = [];
    const azure = await startTestAzure({ record: (entry) => entries.push(entry) });
    await createProduct(azure);
    const subscription = { displayName: 'x', scope: '/products/p1', primaryKey: 'SIMULATED-KEY-chosen' };
    await azure.apim.subscription.createOrUpdate(GROUP, APIM, 's1', subscription);
    expect(entries).toEqual([
      {
        method: 'PUT',
        path: `${SERVICE_ID}/products/p1`,
        apiVersion: '2024-05-01',
        body: { properties: { displayName: 'p1' } },
      },
      {
        method: 'PUT',
        path: `${SERVICE_ID}/subscriptions/s1`,
        apiVersion: '2024-05-01',
        body: { properties: { displayName: 'x', scope: '/products/p1', primaryKey: '<masked>' } },
      },
    ]);
    expect(azure.world.requests.count('PUT', 'Microsoft.ApiManagement/service/products')).toBe(1);
  });
});

describe('latencies', () => {
  it('follow from the seed', async () => {
    const durations: number[] = [];
    for (const seed of [7, 7, 8]) {
      const clock = explicitClock();
      const { apim, world } = await startTestAzure({ clock, apimActivating: true, seed });
      const startMs = clock.now();
      const active = async () => (await apim.apiManagementService.get(GROUP, APIM)).provisioningState === 'Succeeded';
      await clock.runUntil(active, 120_000);
      durations.push(clock.now() - startMs);
      await world.close();
    }
    expect(durations[0]).toBe(durations[1]);
    expect(durations[0]).not.toBe(durations[2]);
  });
});
