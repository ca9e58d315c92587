import { join } from 'node:path';
import { ServiceBusClient, type ServiceBusMessage } from '@azure/service-bus';
import { explicitClock } from '../../local/clock.js';
import { type Host, type HostOptions, startHost } from '../../local/host/index.js';
import { type Broker, startBroker } from '../../local/world/broker/index.js';
import { until } from '../support/until.js';
import { configOf, withoutWaiting } from './broker-fixture.js';

type SampleApp = typeof import('./apps/service-bus/app.js');

const ENTITIES = {
  Queues: [
    { Name: 'orders', Properties: { MaxDeliveryCount: 3 } },
    { Name: 'copies' },
    { Name: 'commands' },
    { Name: 'raw' },
    { Name: 'slow', Properties: { LockDuration: 'PT5S' } },
  ],
  Topics: [{ Name: 'events', Subscriptions: [{ Name: 'all' }] }],
};

const clock = explicitClock();
let broker: Broker;
let client: ServiceBusClient;
let host: Host;
let sample: SampleApp;

const start = (options: Partial<HostOptions> = {}) =>
  startHost({
    appRoot: join(__dirname, 'apps', 'service-bus'),
    clock,
    settings: { Bus: broker.connectionString, ORDERS_QUEUE: 'orders' },
    loadApp: () => {
      sample = require('./apps/service-bus/app.js');
    },
    log: () => {},
    ...options,
  });

beforeAll(async () => {
  broker = await startBroker({ clock, config: configOf(ENTITIES) });
  client = new ServiceBusClient(broker.connectionString, { retryOptions: { maxRetries: 0 } });
  host = await start();
});
afterAll(async () => {
  await host.close();
  await client.close();
  await broker.close();
});
beforeEach(() => {
  sample.received.length = 0;
});

const send = async (queue: string, ...messages: ServiceBusMessage[]) => {
  await client.createSender(queue).sendMessages(messages);
  await clock.settle();
};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const bodiesOf = (name: string) => sample.received.filter((one) => one.by === name).map((one) => one.body);

describe('a Service Bus function', () => {
  it('gets the message with its metadata, and the message is completed', async () => {
    await send('orders', {
      body: { amount: 5 },
      messageId: 'm1',
      subject: 'placed',
      applicationProperties: { region: 'eu' },
    });
    const { body, metadata } = sample.received.find((one) => one.by === 'orders')!;
    expect(body).toEqual({ amount: 5 });
    expect(metadata).toMatchObject({
      messageId: 'm1',
      subject: 'placed',
      deliveryCount: 1,
      sequenceNumber: 1,
      enqueuedTimeUtc: new Date(clock.now()).toISOString(),
      applicationProperties: { region: 'eu' },
    });
    expect(broker.counts('orders')).toEqual({ active: 0, scheduled: 0, deadLetter: 0, locked: 0 });
  });

  it('gets the properties of a JSON body as metadata, in the place of the broker’s own, unless it takes bytes', async () => {
    const body = { MessageId: 'forged', deliveryCount: 9, applicationProperties: { region: 'us' }, list: [1], size: 5 };
    const own = { messageId: 'm2', applicationProperties: { region: 'eu' } };
    await send('copies', { body, ...own });
    expect(sample.received[0]!.metadata).toMatchObject({
      messageId: 'forged',
      deliveryCount: 9,
      applicationProperties: { region: 'us' },
      size: 5,
    });
    expect(sample.received[0]!.metadata).not.toHaveProperty('list');
    await send('raw', { body, ...own });
    expect(sample.received[1]!.metadata).toMatchObject({ ...own, deliveryCount: 1 });
    expect(sample.received[1]!.metadata).not.toHaveProperty('size');
  });

  it('gets bytes, whatever they are, where it asks for them', async () => {
    const bodies = ['plain text', '{"a": 1}', '"7"'].map((text) => Buffer.from(text));
    bodies.push(Buffer.from([0xff, 0xfe, 0]));
    await send('raw', ...bodies.map((body) => ({ body })));
    expect(bodiesOf('raw')).toEqual(bodies);
  });

  it('sends what it returns and what it puts out, an array as single messages', async () => {
    await send('orders', { body: 'text' });
    expect(bodiesOf('events')).toEqual([{ handled: 'text' }]);
    expect(bodiesOf('copies')).toEqual(['first', { second: 'text' }]);
  });

  it('gets texts, JSON and bytes as what they are', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0]);
    await send(
      'copies',
      { body: Buffer.from('plain text') },
      { body: [1, 2] },
      { body: bytes },
      { body: Buffer.from('"7"') },
    );
    expect(bodiesOf('copies')).toEqual(['plain text', [1, 2], bytes, '7']);
  });

  it('gets a message again when it throws, until the broker dead-letters it, which another function can read', async () => {
    await send('orders', { body: Buffer.from('poison'), messageId: 'bad' });
    const orders = sample.received.filter((one) => one.by === 'orders');
    expect(orders.map((one) => one.metadata['deliveryCount'])).toEqual([1, 2, 3]);
    expect(sample.received.at(-1)).toMatchObject({
      by: 'deadOrders',
      body: 'poison',
      metadata: { messageId: 'bad', deadLetterReason: 'MaxDeliveryCountExceeded' },
    });
    expect(broker.counts('orders')).toMatchObject({ active: 0, deadLetter: 0 });
  });

  it('runs as often at once as host.json allows, and settles each message as its own run ended', async () => {
    const count = 40;
    await send('slow', ...Array.from({ length: count }, (_, body) => ({ body })));
    expect(sample.gate.most).toBe(4);
    const runsOf = (body: number) => bodiesOf('slow').filter((one) => one === body).length;
    expect(Array.from({ length: count }, (_, body) => runsOf(body))).toEqual(
      Array.from({ length: count }, (_, body) => 1 + (body % 2)),
    );
    expect(broker.counts('slow')).toMatchObject({ active: 0, deadLetter: 0 });
  });

  it('can start an orchestration', async () => {
    await send('commands', { body: { team: 'alpha' } });
    const status = await fetch(`${host.url}/runtime/webhooks/durabletask/instances/from-message`);
    expect(await status.json()).toMatchObject({ runtimeStatus: 'Completed', output: { team: 'alpha' } });
  });

  it('can be fired by hand', async () => {
    const response = await fetch(`${host.url}/admin/functions/copies`, {
      method: 'POST',
      body: '{"input":{"by":"hand"}}',
    });
    expect(response.status).toBe(202);
    await clock.settle();
    expect(bodiesOf('copies')).toEqual([{ by: 'hand' }]);
  });

  it('may finish its message before the host closes', async () => {
    const open = sample.closeGate();
    await client.createSender('slow').sendMessages({ body: 'last' });
    await until(() => sample.gate.running === 1);
    const closed = host.close();
    setTimeout(open, 50);
    await closed;
    expect(bodiesOf('slow')).toEqual(['last']);
    expect(broker.counts('slow')).toMatchObject({ active: 0 });
    host = await start();
  });
});

describe('a lock', () => {
  it('is renewed while the function runs, longer than the broker grants at once', async () => {
    await host.close();
    const wire = explicitClock();
    const unwatched = withoutWaiting(wire);
    const other = await startBroker({ clock: unwatched, config: configOf(ENTITIES) });
    const sender = new ServiceBusClient(other.connectionString);
    host = await start({ clock: unwatched, settings: { Bus: other.connectionString, ORDERS_QUEUE: 'orders' } });
    try {
      const open = sample.closeGate();
      await sender.createSender('slow').sendMessages({ body: 'long' });
      await until(() => sample.gate.running === 1);
      for (let second = 0; second < 12; second++) {
        await wire.advance(1_000);
        await pause(50); // A renewal crosses the socket in real time, before the lock is over in wire time.
      }
      open();
      await until(() => other.counts('slow').active === 0);
      expect(bodiesOf('slow')).toEqual(['long']);
    } finally {
      await host.close();
      await sender.close();
      await other.close();
      host = await start();
    }
  });
});

describe('a connection', () => {
  it('that is not set stops the start', async () => {
    await host.close();
    await expect(start({ settings: { ORDERS_QUEUE: 'orders' } })).rejects.toThrow('Set "Bus" to a connection string');
    host = await start();
  });
});
