import { ServiceBusClient, type ServiceBusMessage } from '@azure/service-bus';
import { explicitClock } from '../../local/clock.js';
import { type Host, startHost } from '../../local/host/index.js';
import { type Broker, startBroker } from '../../local/world/broker/index.js';
import { until } from '../support/until.js';
import { configOf, withoutWaiting } from './broker-fixture.js';
import { appFolder } from './host-fixture.js';

const ENTITIES = {
  Queues: [
    { Name: 'batched', Properties: { MaxDeliveryCount: 2, LockDuration: 'PT5S' } },
    { Name: 'unsettled', Properties: { LockDuration: 'PT5S' } },
  ],
};

const time = explicitClock();
let broker: Broker;
let client: ServiceBusClient;
let host: Host;
let sample: typeof import('./apps/service-bus-batches/app.js');

beforeAll(async () => {
  const clock = withoutWaiting(time); // What is not settled would stop it.
  broker = await startBroker({ clock, config: configOf(ENTITIES) });
  client = new ServiceBusClient(broker.connectionString, { retryOptions: { maxRetries: 0 } });
  host = await startHost({
    appRoot: appFolder('service-bus-batches'),
    clock,
    settings: { Bus: broker.connectionString },
    loadApp: () => {
      sample = require('./apps/service-bus-batches/app.js');
    },
    log: () => {},
  });
});
afterAll(async () => {
  await host.close();
  await client.close();
  await broker.close();
});
beforeEach(() => {
  sample.batches.length = 0;
});

const send = (queue: string, messages: ServiceBusMessage[]) => client.createSender(queue).sendMessages(messages);
const bodies = () => sample.batches.flatMap((batch) => batch.bodies);

describe('a function that takes batches', () => {
  it('gets what is there, never more than host.json allows, and all of it is completed', async () => {
    await send(
      'batched',
      Array.from({ length: 12 }, (_, body) => ({ body })),
    );
    await until(() => bodies().length === 12 && broker.counts('batched').active === 0);
    expect(bodies()).toEqual([...Array(12).keys()]);
    expect(Math.max(...sample.batches.map((batch) => batch.bodies.length))).toBe(5);
    expect(broker.counts('batched')).toEqual({ active: 0, scheduled: 0, deadLetter: 0, locked: 0 });
  });

  it('gets the metadata as arrays, in the order of the messages', async () => {
    await send('batched', [
      { body: 'one', messageId: 'm1', subject: 'first', applicationProperties: { region: 'eu' } },
      { body: { two: 2 }, messageId: 'm2' },
    ]);
    await until(() => bodies().length === 2);
    expect(sample.batches[0]).toMatchObject({
      bodies: ['one', { two: 2 }],
      metadata: {
        messageIdArray: ['m1', 'm2'],
        subjectArray: ['first', null],
        deliveryCountArray: [1, 1],
        applicationPropertiesArray: [{ region: 'eu' }, {}],
      },
    });
  });

  it('gets bytes as bytes', async () => {
    const bytes = Buffer.from([0xff, 0, 1]);
    await send('batched', [{ body: bytes }, { body: Buffer.from('text') }]);
    await until(() => bodies().length === 2);
    expect(bodies()).toEqual([bytes, Buffer.from('text')]);
  });

  it('gets the whole batch again when it throws, until the broker dead-letters it', async () => {
    await send('batched', [{ body: 'good' }, { body: 'poison' }]);
    await until(() => broker.counts('batched').deadLetter === 2);
    expect(sample.batches.map((batch) => batch.metadata['deliveryCountArray'])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });
});

describe('a function without auto-complete', () => {
  it('leaves its message to the lock, so that it comes again', async () => {
    await send('unsettled', [{ body: 'seen' }]);
    await until(() => sample.batches.length === 1);
    expect(broker.counts('unsettled').locked).toBe(1);
    await time.advance(5_001);
    await until(() => sample.batches.length === 2);
    expect(sample.batches.map((batch) => batch.metadata['deliveryCount'])).toEqual([1, 2]);
  });
});
