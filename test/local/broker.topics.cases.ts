import type { ServiceBusMessage } from '@azure/service-bus';
import { type Bench, openBench, receiveAll, receiveOne } from './broker-fixture.js';

const sql = (Name: string, SqlExpression: string) => ({
  Name,
  Rules: [{ Name: 'r', Properties: { FilterType: 'Sql', SqlFilter: { SqlExpression } } }],
});
const correlation = (Name: string, CorrelationFilter: object) => ({
  Name,
  Rules: [{ Name: 'r', Properties: { FilterType: 'Correlation', CorrelationFilter } }],
});

const TOPIC = {
  Name: 'events',
  Properties: { RequiresDuplicateDetection: true },
  Subscriptions: [
    { Name: 'all', Properties: { MaxDeliveryCount: 1 } },
    sql('eu-failures', "sys.Label LIKE 'access.fail%' AND region = 'eu'"),
    correlation('tickets', { Label: 'access.ready', Properties: { source: 'ticket' } }),
    {
      Name: 'either',
      Rules: [...sql('x', 'amount > 100').Rules, ...correlation('y', { CorrelationId: 'vip' }).Rules].map(
        (rule, index) => ({
          ...rule,
          Name: `rule-${index}`,
        }),
      ),
    },
  ],
};

describe('a topic', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({ Topics: [TOPIC] });
  });

  const publish = (...messages: ServiceBusMessage[]) => bench.client.createSender('events').sendMessages(messages);
  const activeIn = (name: string) => bench.broker.counts(`events/Subscriptions/${name}`).active;

  it('copies a message to each subscription with a matching rule', async () => {
    await publish(
      { body: 1, subject: 'access.failed', applicationProperties: { region: 'eu' } },
      { body: 2, subject: 'access.failed', applicationProperties: { region: 'us' } },
      { body: 3, subject: 'access.ready', applicationProperties: { source: 'ticket' } },
      { body: 4, subject: 'access.ready', applicationProperties: { source: 'api' } },
    );
    const bodies = async (name: string) =>
      (await receiveAll(bench.client, `events/Subscriptions/${name}`)).map((message) => message.body);
    expect(await bodies('all')).toEqual([1, 2, 3, 4]);
    expect(await bodies('eu-failures')).toEqual([1]);
    expect(await bodies('tickets')).toEqual([3]);
    expect(await bodies('either')).toEqual([]);
  });

  it('makes one copy even when several rules match', async () => {
    await publish({ body: 'x', correlationId: 'vip', applicationProperties: { amount: 500 } });
    expect(activeIn('either')).toBe(1);
  });

  it('settles each subscription for itself, with its own dead-letter queue', async () => {
    await publish({ body: 'x', correlationId: 'vip' });
    const link = bench.client.createReceiver('events', 'all');
    await link.abandonMessage(await receiveOne(link));
    expect(bench.broker.counts('events/Subscriptions/all')).toMatchObject({ active: 0, deadLetter: 1 });
    expect(activeIn('either')).toBe(1);
    const deadLetters = bench.client.createReceiver('events', 'all', { subQueueType: 'deadLetter' });
    expect((await receiveOne(deadLetters)).deadLetterSource).toBe('events/Subscriptions/all');
  });

  it('keeps a scheduled message until its time', async () => {
    const at = new Date(bench.clock.now() + 60_000);
    const sender = bench.client.createSender('events');
    await sender.scheduleMessages([{ body: 'later' }], at);
    const [cancelled] = await sender.scheduleMessages([{ body: 'never' }], at);
    await sender.cancelScheduledMessages(cancelled!);
    expect(bench.broker.counts('events')).toMatchObject({ scheduled: 1 });
    expect(activeIn('all')).toBe(0);
    await bench.clock.advance(60_000);
    expect((await receiveOne(bench.client.createReceiver('events', 'all'))).body).toBe('later');
  });

  it('numbers the messages of each subscription by itself', async () => {
    await publish({ body: 1 }, { body: 2, correlationId: 'vip' });
    const [copy] = await receiveAll(bench.client, 'events/Subscriptions/either');
    expect(copy).toMatchObject({ body: 2 });
    expect(copy!.sequenceNumber!.toNumber()).toBe(1);
  });

  it('detects duplicates before it copies', async () => {
    await publish({ body: 1, messageId: 'same' });
    await publish({ body: 2, messageId: 'same' });
    expect(activeIn('all')).toBe(1);
  });
});
