import { type Bench, openBench, receiveAll, receiveOne } from './broker-fixture.js';

describe('a queue with a dead-letter queue', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({ Queues: [{ Name: 'orders', Properties: { MaxDeliveryCount: 3 } }] });
  });

  const sender = () => bench.client.createSender('orders');
  const receiver = () => bench.client.createReceiver('orders');

  it('dead-letters with reason, description and properties', async () => {
    await sender().sendMessages({ body: 'x', messageId: 'bad' });
    const link = receiver();
    await link.deadLetterMessage(await receiveOne(link), {
      deadLetterReason: 'Unreadable',
      deadLetterErrorDescription: 'not JSON',
      line: 7,
    });
    expect(bench.broker.counts('orders')).toEqual({ active: 0, scheduled: 0, deadLetter: 1, locked: 0 });
    const deadLetters = bench.client.createReceiver('orders', { subQueueType: 'deadLetter' });
    const dead = await receiveOne(deadLetters);
    expect(dead).toMatchObject({
      messageId: 'bad',
      deadLetterReason: 'Unreadable',
      deadLetterErrorDescription: 'not JSON',
      deadLetterSource: 'orders',
      applicationProperties: { line: 7 },
    });
    await deadLetters.completeMessage(dead);
    expect(bench.broker.counts('orders').deadLetter).toBe(0);
  });

  it('dead-letters a message by itself once all its deliveries failed', async () => {
    await sender().sendMessages({ body: 'poison' });
    const link = receiver();
    for (let attempt = 0; attempt < 3; attempt++) {
      const message = await receiveOne(link);
      expect(message.deliveryCount).toBe(attempt);
      await link.abandonMessage(message);
    }
    const dead = await receiveOne(bench.client.createReceiver('orders', { subQueueType: 'deadLetter' }));
    expect(dead.deadLetterReason).toBe('MaxDeliveryCountExceeded');
  });

  it('leaves dead letters where they are, however often they are abandoned', async () => {
    await sender().sendMessages({ body: 'x' });
    const link = receiver();
    await link.deadLetterMessage(await receiveOne(link));
    const deadLetters = bench.client.createReceiver('orders', { subQueueType: 'deadLetter' });
    for (let attempt = 0; attempt < 5; attempt++) await deadLetters.abandonMessage(await receiveOne(deadLetters));
    expect(await receiveAll(bench.client, 'orders/$DeadLetterQueue')).toMatchObject([{ body: 'x', deliveryCount: 5 }]);
  });
});
