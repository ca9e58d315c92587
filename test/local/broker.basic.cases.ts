import { type Bench, openBench, receiveAll, receiveOne } from './broker-fixture.js';

describe('a queue', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({ Queues: [{ Name: 'orders', Properties: { MaxDeliveryCount: 3 } }] });
  });

  const sender = () => bench.client.createSender('orders');
  const receiver = () => bench.client.createReceiver('orders');

  it('delivers a message with everything that was sent, and what the broker adds', async () => {
    await sender().sendMessages({
      body: { amount: 5 },
      messageId: 'm1',
      subject: 'placed',
      contentType: 'application/json',
      correlationId: 'c1',
      to: 'there',
      replyTo: 'here',
      partitionKey: 'p',
      timeToLive: 60_000,
      applicationProperties: { count: 3, share: 0.5, name: 'x', isNew: true, at: new Date(1_000) },
    });
    const message = await receiveOne(receiver());
    expect(message).toMatchObject({
      body: { amount: 5 },
      messageId: 'm1',
      subject: 'placed',
      contentType: 'application/json',
      correlationId: 'c1',
      to: 'there',
      replyTo: 'here',
      partitionKey: 'p',
      timeToLive: 60_000,
      deliveryCount: 0,
      state: 'active',
      enqueuedTimeUtc: new Date(bench.clock.now()),
      expiresAtUtc: new Date(bench.clock.now() + 60_000),
      lockedUntilUtc: new Date(bench.clock.now() + 60_000),
      applicationProperties: { count: 3, share: 0.5, name: 'x', isNew: true, at: 1_000 },
    });
    expect(message.sequenceNumber?.toNumber()).toBe(1);
    expect(message.lockToken).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('gives an id to a message that has none', async () => {
    await sender().sendMessages({ body: 'x' });
    expect((await receiveOne(receiver())).messageId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is empty after the message is completed', async () => {
    await sender().sendMessages({ body: 'x' });
    const link = receiver();
    await link.completeMessage(await receiveOne(link));
    expect(bench.broker.counts('orders')).toEqual({ active: 0, scheduled: 0, deadLetter: 0, locked: 0 });
    expect(await link.peekMessages(1)).toEqual([]);
  });

  it('shows its messages in order without taking them', async () => {
    await sender().sendMessages(Array.from({ length: 12 }, (_, index) => ({ body: index })));
    const link = receiver();
    expect((await link.peekMessages(10)).map((message) => message.body)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect((await link.peekMessages(10)).map((message) => message.body)).toEqual([10, 11]);
    expect(bench.broker.counts('orders').active).toBe(12);
  });

  it('delivers an abandoned message again, counted and with the changed properties', async () => {
    await sender().sendMessages({ body: 'x', applicationProperties: { kept: 1, attempt: 'first' } });
    const link = receiver();
    await link.abandonMessage(await receiveOne(link), { attempt: 'second' });
    const again = await receiveOne(link);
    expect(again.deliveryCount).toBe(1);
    expect(again.applicationProperties).toEqual({ kept: 1, attempt: 'second' });
  });

  it('forgets what a receive-and-delete receiver took', async () => {
    await sender().sendMessages([{ body: 1 }, { body: 2 }]);
    expect((await receiveAll(bench.client, 'orders')).map((message) => message.body)).toEqual([1, 2]);
    expect(bench.broker.counts('orders').active).toBe(0);
  });

  it('ends a receive without messages when its wait is over', async () => {
    const startedMs = performance.now();
    expect(await receiver().receiveMessages(10, { maxWaitTimeInMs: 200 })).toEqual([]);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  it('ends a receive with the messages that were there when its wait is over', async () => {
    await sender().sendMessages([{ body: 1 }, { body: 2 }]);
    const link = receiver();
    const messages = await link.receiveMessages(10, { maxWaitTimeInMs: 200 });
    expect(messages.map((message) => message.body)).toEqual([1, 2]);
    await sender().sendMessages({ body: 3 });
    expect((await receiveOne(link)).body).toBe(3);
  });

  it('gives each message to one of several receivers', async () => {
    const links = [receiver(), receiver()];
    const waiting = links.map((link) => link.receiveMessages(1, { maxWaitTimeInMs: 2_000 }));
    await sender().sendMessages([{ body: 'a' }, { body: 'b' }]);
    const bodies = (await Promise.all(waiting)).map(([message]) => message?.body);
    expect(bodies.sort()).toEqual(['a', 'b']);
  });

  it('settles by lock token when the link that delivered is gone', async () => {
    await sender().sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }]);
    const first = receiver();
    const [completed, abandoned, dead] = await first.receiveMessages(3, { maxWaitTimeInMs: 2_000 });
    await first.close();
    const second = receiver();
    await second.completeMessage(completed!);
    await second.abandonMessage(abandoned!);
    await second.deadLetterMessage(dead!, { deadLetterReason: 'late', deadLetterErrorDescription: 'd' });
    expect(bench.broker.counts('orders')).toEqual({ active: 1, scheduled: 0, deadLetter: 1, locked: 0 });
  });
});

describe('a message on its way', () => {
  it('does not wait for the acknowledgements that TCP delays', async () => {
    const bench = await openBench({ Queues: [{ Name: 'q' }] });
    const latenciesMs: number[] = [];
    bench.client.createReceiver('q').subscribe({
      processMessage: async (message) => {
        latenciesMs.push(performance.now() - message.body);
      },
      processError: async () => {},
    });
    const link = bench.client.createSender('q');
    for (let index = 0; index < 40; index++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      await link.sendMessages({ body: performance.now() });
    }
    await bench.clock.settle();
    // The delay that Nagle's algorithm and a delayed acknowledgement make is 40 ms.
    expect(latenciesMs.sort((left, right) => left - right)[30]).toBeLessThan(20);
  });
});

describe('the broker in the eyes of an explicit clock', () => {
  it('is busy while a live receiver holds a message, and idle when it is settled', async () => {
    const bench = await openBench({ Queues: [{ Name: 'orders' }] });
    await bench.client.createSender('orders').sendMessages({ body: 'x' });
    const link = bench.client.createReceiver('orders');
    const message = await receiveOne(link);
    let isSettled = false;
    const moving = bench.clock.advance(1_000).then(() => expect(isSettled).toBe(true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    isSettled = true;
    await link.completeMessage(message);
    await moving;
  });
});
