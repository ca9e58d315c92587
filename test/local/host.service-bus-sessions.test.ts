import { ServiceBusClient } from '@azure/service-bus';
import { explicitClock } from '../../local/clock.js';
import { type Host, startHost } from '../../local/host/index.js';
import { type Broker, startBroker } from '../../local/world/broker/index.js';
import { configOf } from './broker-fixture.js';
import { appFolder } from './host-fixture.js';

const ENTITIES = {
  Queues: [{ Name: 'ordered', Properties: { RequiresSession: true, LockDuration: 'PT30S' } }],
  Topics: [{ Name: 'events', Subscriptions: [{ Name: 'ordered', Properties: { RequiresSession: true } }] }],
};

const clock = explicitClock();
let broker: Broker;
let client: ServiceBusClient;
let host: Host;
let sample: typeof import('./apps/service-bus-sessions/app.js');

beforeAll(async () => {
  broker = await startBroker({ clock, config: configOf(ENTITIES) });
  client = new ServiceBusClient(broker.connectionString, { retryOptions: { maxRetries: 0 } });
  host = await startHost({
    appRoot: appFolder('service-bus-sessions'),
    clock,
    settings: { Bus: broker.connectionString },
    loadApp: () => {
      sample = require('./apps/service-bus-sessions/app.js');
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
  sample.received.length = 0;
});

const send = async (entity: string, ...messages: [sessionId: string, body: unknown][]) => {
  await client.createSender(entity).sendMessages(messages.map(([sessionId, body]) => ({ sessionId, body })));
  await clock.settle();
};
const bodiesOf = (session: string) => sample.received.filter((one) => one.session === session).map((one) => one.body);

describe('a function on sessions', () => {
  it('gets the messages of each session in order and one at a time, and several sessions at once', async () => {
    const messages = Array.from({ length: 30 }, (_, index): [string, unknown] => [`s${index % 3}`, index]);
    await send('ordered', ...messages);
    for (const session of ['s0', 's1', 's2'])
      expect(bodiesOf(session)).toEqual(messages.filter(([id]) => id === session).map(([, body]) => body));
    expect(sample.working).toMatchObject({ most: 3, overlaps: 0 });
    expect(broker.counts('ordered')).toMatchObject({ active: 0, locked: 0 });
  });

  it('gets a message that failed again before the ones after it', async () => {
    await send('ordered', ['s0', 'poison'], ['s0', 'after']);
    expect(sample.received.map(({ body, deliveryCount }) => [body, deliveryCount])).toEqual([
      ['poison', 1],
      ['poison', 2],
      ['after', 1],
    ]);
  });

  it('serves another session once one has been idle for the time of host.json', async () => {
    await clock.advance(10_001); // Gives the sessions of the former tests back.
    await send('ordered', ['a', 1], ['b', 2], ['c', 3]);
    await send('ordered', ['d', 4]);
    expect(bodiesOf('d')).toEqual([]);
    await clock.advance(10_001);
    expect(bodiesOf('d')).toEqual([4]);
    expect(sample.received).toHaveLength(4);
  });

  it('works on subscriptions and with batches', async () => {
    await send('events', ['x', 1], ['x', 2], ['y', 3]);
    expect(sample.received.map(({ session, body }) => [session, body])).toEqual(
      expect.arrayContaining([
        ['x', [1, 2]],
        ['y', [3]],
      ]),
    );
  });

  it('keeps its session while it waits for more, longer than one lock lasts', async () => {
    await clock.advance(10_001);
    for (const body of [1, 2, 3, 4, 5, 6]) {
      await send('ordered', ['long', body]);
      await clock.advance(9_000);
    }
    expect(bodiesOf('long')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(broker.counts('ordered')).toMatchObject({ active: 0, deadLetter: 0 });
  });
});
