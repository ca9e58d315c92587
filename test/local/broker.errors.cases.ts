import { once } from 'node:events';
import { create_container } from 'rhea';
import { ARRIVES_WITHIN_MS, type Bench, closeAfterTest, openBench, receiveAll, receiveOne } from './broker-fixture.js';

describe('the broker refuses', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({ Queues: [{ Name: 'q' }], Topics: [{ Name: 't', Subscriptions: [{ Name: 's' }] }] });
  });

  it('an entity that is not declared', async () => {
    const notFound = { code: 'MessagingEntityNotFound' };
    await expect(bench.client.createSender('nowhere').sendMessages({ body: 1 })).rejects.toMatchObject(notFound);
    const receiver = bench.client.createReceiver('nowhere');
    await expect(receiver.receiveMessages(1, { maxWaitTimeInMs: 500 })).rejects.toMatchObject(notFound);
    await expect(receiver.peekMessages(1)).rejects.toMatchObject(notFound);
    await expect(
      bench.client.createReceiver('t', 'nobody').receiveMessages(1, { maxWaitTimeInMs: 500 }),
    ).rejects.toMatchObject(notFound);
    expect(() => bench.broker.counts('nowhere')).toThrow("'nowhere' could not be found");
  });

  it('a message that is too large', async () => {
    const sender = bench.client.createSender('q');
    await expect(sender.sendMessages({ body: 'x'.repeat(300_000) })).rejects.toMatchObject({
      code: 'MessageSizeExceeded',
    });
  });
});

describe('the broker takes', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({ Queues: [{ Name: 'Orders' }] });
  });

  it('a large message in several frames', async () => {
    const body = Buffer.alloc(200_000, 'abc');
    await bench.client.createSender('Orders').sendMessages({ body });
    const [message] = await receiveAll(bench.client, 'Orders');
    expect(Buffer.compare(message!.body, body)).toBe(0);
  });

  it('entity names in any case', async () => {
    await bench.client.createSender('orders').sendMessages({ body: 1 });
    expect(await receiveAll(bench.client, 'ORDERS')).toHaveLength(1);
  });

  it('hundreds of parallel sends on one sender', async () => {
    const sender = bench.client.createSender('Orders');
    await Promise.all(Array.from({ length: 500 }, (_, index) => sender.sendMessages({ body: index })));
    expect(bench.broker.counts('Orders').active).toBe(500);
  });
});

describe('a drain', () => {
  it('is answered although the last credit was just used', async () => {
    const { broker, client } = await openBench({ Queues: [{ Name: 'q' }] });
    await client.createSender('q').sendMessages({ body: 'x' });
    const options = { host: '127.0.0.1', port: broker.port, username: 'anyone', reconnect: false };
    const connection = create_container().connect(options);
    closeAfterTest({ close: async () => connection.close() });
    const receiver = connection.open_receiver({ source: 'q', credit_window: 0 });
    let received = 0;
    receiver.on('message', () => received++);
    await once(receiver, 'receiver_open');
    receiver.add_credit(1);
    receiver.drain_credit();
    await once(receiver, 'receiver_drained');
    expect(received).toBe(1);
  });
});

describe('faults on request', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({
      Queues: [{ Name: 'q', Properties: { RequiresDuplicateDetection: true } }],
    });
  });

  it('refuse sends', async () => {
    bench.broker.faults.rejectSends = { q: 1 };
    const sender = bench.client.createSender('q');
    await expect(sender.sendMessages({ body: 1 })).rejects.toMatchObject({ code: 'ServiceBusy' });
    await sender.sendMessages({ body: 2 });
    expect(bench.broker.counts('q').active).toBe(1);
  });

  it('lose the answer of a send, so that its retry is a duplicate', async () => {
    bench.broker.faults.loseSendAnswer = { q: 1 };
    const sender = bench.client.createSender('q');
    await expect(sender.sendMessages({ body: 1, messageId: 'a' })).rejects.toMatchObject({ code: 'ServiceBusy' });
    await sender.sendMessages({ body: 1, messageId: 'a' });
    expect(bench.broker.counts('q').active).toBe(1);
  });

  it('lose a settlement, so that the message comes again', async () => {
    bench.broker.faults.loseSettlement = { q: 1 };
    await bench.client.createSender('q').sendMessages({ body: 1 });
    const link = bench.client.createReceiver('q');
    await expect(link.completeMessage(await receiveOne(link))).rejects.toMatchObject({ code: 'MessageLockLost' });
    const again = await receiveOne(link);
    expect(again.deliveryCount).toBe(1);
    await link.completeMessage(again);
    expect(bench.broker.counts('q').active).toBe(0);
  });
});

describe('an outage on request', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({ Queues: [{ Name: 'q' }], Topics: [{ Name: 't', Subscriptions: [{ Name: 's' }] }] });
  });

  const busy = { code: 'ServiceBusy' };

  it('refuses every send to an entity for so much world time, and nothing else', async () => {
    const { broker, client, clock } = bench;
    await client.createSender('t').sendMessages({ body: 'before' });
    broker.faults.down = { t: { forSeconds: 300 } };
    const sender = client.createSender('t');
    await expect(sender.sendMessages({ body: 1 })).rejects.toMatchObject(busy);
    await expect(sender.scheduleMessages({ body: 1 }, new Date(clock.now() + 5_000))).rejects.toMatchObject(busy);
    await client.createSender('q').sendMessages({ body: 1 });
    const receiver = client.createReceiver('t', 's');
    await receiver.completeMessage(await receiveOne(receiver));
    await clock.advance(299_999);
    await expect(sender.sendMessages({ body: 1 })).rejects.toMatchObject(busy);
    await clock.advance(1);
    await sender.sendMessages({ body: 'after' });
    expect((await receiveOne(receiver)).body).toBe('after');
  });

  it('refuses receivers as well when told so: open links wait until it is over', async () => {
    const { broker, client, clock } = bench;
    await client.createSender('t').scheduleMessages({ body: 'due' }, new Date(clock.now() + 30_000));
    const received: unknown[] = [];
    const open = client.createReceiver('t', 's', { receiveMode: 'receiveAndDelete' });
    open.subscribe({ processMessage: async ({ body }) => void received.push(body), processError: async () => {} });
    await new Promise((resolve) => setTimeout(resolve, ARRIVES_WITHIN_MS));
    broker.faults.down = { t: { forSeconds: 120, receivers: true } };
    const late = client.createReceiver('t', 's');
    await expect(late.receiveMessages(1, { maxWaitTimeInMs: 500 })).rejects.toMatchObject(busy);
    await expect(late.peekMessages(1)).rejects.toMatchObject(busy);
    await clock.advance(119_999);
    expect([received, broker.counts('t/Subscriptions/s').active]).toEqual([[], 1]);
    await clock.advance(1);
    await new Promise((resolve) => setTimeout(resolve, ARRIVES_WITHIN_MS));
    expect(received).toEqual(['due']);
  });

  it('refuses settlements while receivers are down, until it is taken away', async () => {
    const { broker, client } = bench;
    await client.createSender('q').sendMessages({ body: 1 });
    const receiver = client.createReceiver('q');
    const message = await receiveOne(receiver);
    broker.faults.down = { q: { receivers: true } };
    await expect(receiver.completeMessage(message)).rejects.toMatchObject(busy);
    delete broker.faults.down['q'];
    await client.createSender('q').sendMessages({ body: 2 });
    const again = await receiveOne(receiver);
    await receiver.completeMessage(again);
    expect(again.body).toBe(2);
  });
});
