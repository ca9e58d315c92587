import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

describe('a fault from the command line', () => {
  const README = readFileSync(join(__dirname, '../../local/world/azure/README.md'), 'utf8');
  const documented = [...README.matchAll(/^curl -s \$CONTROL_URL\/faults -d '(.*)'$/gm)].map(([, body]) => body ?? '');

  /** As curl sends it: as a form, whatever it is. */
  function post({ world }: TestAzure, body: string) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return fetch(`${world.controlUrl}/faults`, { method: 'POST', headers, body });
  }

  const named = (name: string) => documented.find((body) => body.includes(`"name":"${name}"`)) ?? '';

  it('is taken as the README shows it', async () => {
    const azure = await startTestAzure();
    expect(documented.length).toBeGreaterThanOrEqual(7);
    for (const body of documented) expect((await post(azure, body)).status).toBe(201);
    expect((await control(azure, 'DELETE', '/faults')).status).toBe(204);
    expect(azure.world.faults.list()).toEqual([]);
  });

  it('hits its route only, and as often as it says', async () => {
    const azure = await startTestAzure();
    await post(azure, named('throttled'));
    await azure.apim.namedValue.beginCreateOrUpdate(GROUP, APIM, 'v', { displayName: 'v', value: 'x' });
    for (let time = 0; time < 2; time++) {
      expect(await refusal(createProduct(azure))).toMatchObject({ statusCode: 429, code: 'TooManyRequests' });
    }
    await createProduct(azure);
  });

  it('loses an answer after its effect', async () => {
    const azure = await startTestAzure();
    await createProduct(azure);
    await post(azure, named('lost-answer'));
    const subscription = { displayName: 'x', scope: '/products/p1' };
    const put = () => azure.apim.subscription.createOrUpdate(GROUP, APIM, 'sub-alpha', subscription);
    expect((await refusal(put())).statusCode).toBeUndefined();
    expect((await azure.apim.subscription.get(GROUP, APIM, 'sub-alpha')).displayName).toBe('x');
  });

  it('loses the third write to Key Vault before its effect', async () => {
    const azure = await startTestAzure();
    await post(azure, named('lost-request'));
    await azure.vault.setSecret('one', 'x');
    // The client's first, unauthenticated request was the first of the two that are let through.
    expect((await refusal(azure.vault.setSecret('two', 'x'))).statusCode).toBeUndefined();
    await azure.vault.setSecret('three', 'x');
    const names: string[] = [];
    for await (const { name } of azure.vault.listPropertiesOfSecrets()) names.push(name);
    expect(names).toEqual(['one', 'three']);
  });

  it('lets one operation hang and the next one fail', async () => {
    const azure = await startTestAzure();
    await post(azure, named('hangs'));
    await post(azure, named('fails'));
    const create = (name: string) =>
      azure.foundry.accounts.beginCreate(TEAMS, name, {
        location: 'swedencentral',
        kind: 'AIServices',
        sku: { name: 'S0' },
        properties: { customSubDomainName: name },
      });
    await create('foundry-hangs');
    await create('foundry-fails');
    await azure.clock.advance(3_600_000);
    const state = async (name: string) => (await azure.foundry.accounts.get(TEAMS, name)).properties?.provisioningState;
    expect([await state('foundry-hangs'), await state('foundry-fails')]).toEqual(['Creating', 'Failed']);
  });

  it('stops a whole service until it is taken away', async () => {
    const azure = await startTestAzure();
    await post(azure, named('outage'));
    for (let time = 0; time < 3; time++) {
      expect(await refusal(createProduct(azure))).toMatchObject({ statusCode: 503, code: 'ServiceUnavailable' });
    }
    await control(azure, 'DELETE', '/faults?name=outage');
    await createProduct(azure);
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
    const secret = { displayName: 'v', value: 'a-secret-value', secret: true };
    await azure.apim.namedValue.beginCreateOrUpdate(GROUP, APIM, 'v', secret);
    expect(entries.at(-1)?.body).toEqual({ properties: { ...secret, value: '<masked>' } });
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
