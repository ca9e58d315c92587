import { CosmosClient, type ErrorResponse } from '@azure/cosmos';
import { ServiceBusClient, type ServiceBusError } from '@azure/service-bus';
import { type ExplicitClock, explicitClock } from '../../local/clock.js';
import { startWorld, type World } from '../../local/world/start.js';
import { RESOURCES } from './azure-fixture.js';

const topology = {
  UserConfig: {
    Namespaces: [{ Name: 'sbemulatorns', Queues: [{ Name: 'q', Properties: {} }], Topics: [] }],
    Logging: { Type: 'File' },
  },
  Cosmos: { Databases: [{ id: 'hai', containers: [{ id: 'access', partitionKey: { paths: ['/team'] } }] }] },
};

let clock: ExplicitClock;
let world: World;
beforeEach(async () => {
  clock = explicitClock();
  world = await startWorld({ clock, topology, resources: RESOURCES });
});
afterEach(() => world.close());

async function put(simulator: string, faults: object) {
  const url = `${world.azure.controlUrl}/faults/${simulator}`;
  const answer = await fetch(url, { method: 'PUT', body: JSON.stringify(faults) });
  return [answer.status, await answer.json()];
}

describe('the control endpoint of the world', () => {
  it('makes the broker refuse as many messages as it was told', async () => {
    expect(await put('broker', { rejectSends: { q: 1 } })).toEqual([200, { rejectSends: { q: 1 } }]);
    const client = new ServiceBusClient(world.broker.connectionString, { retryOptions: { maxRetries: 0 } });
    const sender = client.createSender('q');
    const refused = await sender.sendMessages({ body: 1 }).catch((error: ServiceBusError) => error.code);
    expect(refused).toBe('ServiceBusy');
    await sender.sendMessages({ body: 2 });
    await client.close();
  });

  it('makes Cosmos DB throttle as many requests as it was told', async () => {
    await put('cosmos', { throttleNext: 1, throttleRetryAfterMs: 7 });
    const { endpoint, key } = world.cosmos;
    const connectionPolicy = {
      retryOptions: { maxRetryAttemptCount: 0, fixedRetryIntervalInMilliseconds: 0, maxWaitTimeInSeconds: 0 },
    };
    const client = new CosmosClient({ endpoint, key, connectionPolicy });
    const items = client.database('hai').container('access').items;
    const refused = await items.create({ id: 'a', team: 't' }).catch((error: ErrorResponse) => error.code);
    expect(refused).toBe(429);
    await items.create({ id: 'a', team: 't' });
    client.dispose();
  });

  it('counts seconds of world time from when it is asked', async () => {
    await clock.advance(60_000);
    const untilMs = clock.now() + 30_000;
    const down = { q: { forSeconds: 30, receivers: true } };
    expect(await put('broker', { down })).toEqual([200, { down: { q: { ...down.q, untilMs } } }]);
    const failNext = { status: 449, operation: 'write', container: 'access', forSeconds: 30, retryAfterMs: 5 };
    expect(await put('cosmos', { failNext })).toEqual([200, { failNext: { ...failNext, untilMs } }]);
    const bus = new ServiceBusClient(world.broker.connectionString, { retryOptions: { maxRetries: 0 } });
    const { endpoint, key } = world.cosmos;
    const cosmos = new CosmosClient({ endpoint, key });
    const send = () => bus.createSender('q').sendMessages({ body: 1 });
    const write = () => cosmos.database('hai').container('access').items.upsert({ id: 'a', team: 't' });
    expect(await send().catch((error: ServiceBusError) => error.code)).toBe('ServiceBusy');
    expect(await write().catch((error: ErrorResponse) => error.code)).toBe(449);
    await clock.advance(30_000);
    await send();
    expect((await write()).statusCode).toBe(201);
    await bus.close();
    cosmos.dispose();
  });

  it('says what it does not know', async () => {
    expect(await put('broker', { rejectSend: {} })).toEqual([
      400,
      { error: { code: 'Invalid', message: expect.stringContaining('rejectSend') } },
    ]);
    expect((await put('database', {}))[0]).toBe(404);
  });
});
