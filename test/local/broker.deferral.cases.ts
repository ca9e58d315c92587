import type { ServiceBusReceiver } from '@azure/service-bus';
import Long from 'long';
import { ARRIVES_WITHIN_MS, type Bench, openBench, receiveAll, receiveOne } from './broker-fixture.js';

const LOCK_MS = 60_000;

describe('a deferred message', () => {
  let bench: Bench;
  let receiver: ServiceBusReceiver;
  let sequence: Long;

  beforeEach(async () => {
    bench = await openBench({
      Queues: [
        {
          Name: 'q',
          Properties: {
            MaxDeliveryCount: 3,
            DefaultMessageTimeToLive: 'PT1H',
            DeadLetteringOnMessageExpiration: true,
          },
        },
      ],
    });
    await bench.client.createSender('q').sendMessages([{ body: 'aside', messageId: 'm1' }, { body: 'next' }]);
    receiver = bench.client.createReceiver('q');
    const message = await receiveOne(receiver);
    sequence = message.sequenceNumber!;
    await receiver.deferMessage(message, { why: 'later' });
  });

  const receiveDeferred = async () => {
    const [message] = await receiver.receiveDeferredMessages(sequence);
    return message!;
  };

  it('is not delivered, but seen', async () => {
    expect((await receiveOne(receiver)).body).toBe('next');
    expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: ARRIVES_WITHIN_MS })).toEqual([]);
    const [seen] = await receiver.peekMessages(1);
    expect(seen).toMatchObject({ body: 'aside', state: 'deferred' });
  });

  it('is received by its sequence number, with the delivery counted and the changes in it', async () => {
    const message = await receiveDeferred();
    expect(message).toMatchObject({
      body: 'aside',
      messageId: 'm1',
      state: 'deferred',
      deliveryCount: 1,
      lockedUntilUtc: new Date(bench.clock.now() + LOCK_MS),
      applicationProperties: { why: 'later' },
    });
    await receiver.completeMessage(message);
    expect(bench.broker.counts('q')).toMatchObject({ active: 1, locked: 0 });
  });

  it('is received once at a time', async () => {
    await receiveDeferred();
    await expect(receiveDeferred()).rejects.toMatchObject({ code: 'MessageNotFound' });
  });

  it('stays deferred when it is abandoned, deferred again, or its lock expires', async () => {
    await receiver.abandonMessage(await receiveDeferred(), { attempt: 2 });
    const second = await receiveDeferred();
    expect(second).toMatchObject({ deliveryCount: 2, applicationProperties: { why: 'later', attempt: 2 } });
    await receiver.deferMessage(second);
    const third = await receiveDeferred();
    expect(third).toMatchObject({ deliveryCount: 3, state: 'deferred' });
    // The last allowed delivery fails.
    await bench.clock.advance(LOCK_MS);
    await expect(receiver.completeMessage(third)).rejects.toMatchObject({ code: 'MessageLockLost' });
    const [dead] = await receiveAll(bench.client, 'q/$DeadLetterQueue');
    expect(dead).toMatchObject({ body: 'aside', state: 'active', deadLetterReason: 'MaxDeliveryCountExceeded' });
  });

  it('keeps its lock while it is renewed', async () => {
    const message = await receiveDeferred();
    await bench.clock.advance(LOCK_MS - 1);
    await receiver.renewMessageLock(message);
    await bench.clock.advance(LOCK_MS - 1);
    await receiver.completeMessage(message);
  });

  it('can be dead-lettered', async () => {
    await receiver.deadLetterMessage(await receiveDeferred(), {
      deadLetterReason: 'no',
      deadLetterErrorDescription: '',
    });
    const [dead] = await receiveAll(bench.client, 'q/$DeadLetterQueue');
    expect(dead).toMatchObject({ body: 'aside', deliveryCount: 1, deadLetterReason: 'no' });
  });

  it('expires', async () => {
    await bench.clock.advance(3_600_000);
    await expect(receiveDeferred()).rejects.toMatchObject({ code: 'MessageNotFound' });
    expect(bench.broker.counts('q')).toMatchObject({ active: 0, deadLetter: 2 });
  });

  it('is gone at once for a receiver that deletes', async () => {
    const deleting = bench.client.createReceiver('q', { receiveMode: 'receiveAndDelete' });
    expect((await deleting.receiveDeferredMessages(sequence))[0]?.body).toBe('aside');
    expect(bench.broker.counts('q').active).toBe(1);
  });

  it('comes with others or not at all, and only deferred messages come this way', async () => {
    await expect(receiver.receiveDeferredMessages([sequence, Long.fromNumber(99)])).rejects.toMatchObject({
      code: 'MessageNotFound',
    });
    await expect(receiver.receiveDeferredMessages(sequence.add(1))).rejects.toMatchObject({ code: 'MessageNotFound' });
    expect(bench.broker.counts('q').locked).toBe(0);
    await receiver.deferMessage(await receiveOne(receiver));
    const both = await receiver.receiveDeferredMessages([sequence, sequence.add(1)]);
    expect(both.map(({ body }) => body)).toEqual(['aside', 'next']);
  });

  it('may be deferred without the link that delivered it', async () => {
    const message = await receiveOne(receiver);
    await receiver.close();
    receiver = bench.client.createReceiver('q');
    await receiver.deferMessage(message);
    expect((await receiver.receiveDeferredMessages(message.sequenceNumber!))[0]?.body).toBe('next');
  });
});
