import { once } from 'node:events';
import type { ServiceBusError, ServiceBusMessage, ServiceBusSessionReceiver } from '@azure/service-bus';
import { create_container, type ReceiverOptions } from 'rhea';
import { until } from '../support/until.js';
import {
  ARRIVES_WITHIN_MS,
  type Bench,
  configOf,
  connect,
  openBench,
  openBroker,
  receiveAll,
  receiveOne,
  withoutWaiting,
} from './broker-fixture.js';

const LOCK_MS = 60_000;
const ENTITIES = {
  Queues: [
    { Name: 'orders', Properties: { RequiresSession: true, MaxDeliveryCount: 3 } },
    { Name: 'plain', Properties: {} },
  ],
  Topics: [{ Name: 'events', Subscriptions: [{ Name: 'by-customer', Properties: { RequiresSession: true } }] }],
};

describe('sessions', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench(ENTITIES);
  });

  const send = (...messages: ServiceBusMessage[]) => bench.client.createSender('orders').sendMessages(messages);
  const message = (sessionId: string, body: unknown): ServiceBusMessage => ({ sessionId, body });
  const untilWaiting = (count: number) => until(() => bench.broker.waitingForSession('orders') === count);
  const bodies = async (receiver: ServiceBusSessionReceiver, count = 10) =>
    (await receiver.receiveMessages(count, { maxWaitTimeInMs: ARRIVES_WITHIN_MS })).map(({ body }) => body);

  it('are required where the entity has them: of messages, and of receivers', async () => {
    await expect(send({ body: 1 })).rejects.toThrow('The SessionId was not set on a message');
    await expect(send(message('a', 1), { body: 2 })).rejects.toThrow('The SessionId was not set on a message');
    expect(bench.broker.counts('orders').active).toBe(0);
    const receiver = bench.client.createReceiver('orders');
    await expect(receiver.receiveMessages(1, { maxWaitTimeInMs: 500 })).rejects.toThrow('requires sessions');
  });

  it('are refused where the entity has none', async () => {
    await expect(bench.client.acceptNextSession('plain')).rejects.toThrow("'plain' has no sessions");
    await expect(bench.client.acceptSession('plain', 'a')).rejects.toMatchObject({ code: 'SessionCannotBeLocked' });
  });

  it('are accepted by name, and their messages come in order whatever other sessions hold', async () => {
    await send(message('a', 1), message('b', 2), message('a', 3), message('b', 4), message('a', 5));
    const receiver = await bench.client.acceptSession('orders', 'a');
    expect(receiver.sessionId).toBe('a');
    expect(receiver.sessionLockedUntilUtc).toEqual(new Date(bench.clock.now() + LOCK_MS));
    const received = await receiver.receiveMessages(10, { maxWaitTimeInMs: ARRIVES_WITHIN_MS });
    expect(received.map(({ body, sessionId }) => [body, sessionId])).toEqual([
      [1, 'a'],
      [3, 'a'],
      [5, 'a'],
    ]);
    expect(received[0]!.lockedUntilUtc).toEqual(receiver.sessionLockedUntilUtc);
    for (const each of received) await receiver.completeMessage(each);
    expect(bench.broker.counts('orders')).toMatchObject({ active: 2, locked: 0 });
  });

  it('are accepted by name before they hold a message', async () => {
    const receiver = await bench.client.acceptSession('orders', 'later');
    const waiting = receiver.receiveMessages(1, { maxWaitTimeInMs: 2_000 });
    await send(message('later', 'x'));
    expect((await waiting)[0]?.body).toBe('x');
  });

  it('belong to one receiver at a time', async () => {
    await bench.client.acceptSession('orders', 'a');
    const busy = { code: 'SessionCannotBeLocked' };
    await expect(bench.client.acceptSession('orders', 'a')).rejects.toMatchObject(busy);
    await expect(connect(bench.broker).acceptSession('orders', 'a')).rejects.toMatchObject(busy);
  });

  it('are given out one after the other to those who ask for the next', async () => {
    await send(message('a', 1), message('b', 2), message('c', 3), message('a', 4));
    await bench.client.acceptSession('orders', 'b');
    const first = await bench.client.acceptNextSession('orders');
    const second = await bench.client.acceptNextSession('orders');
    expect([first.sessionId, second.sessionId]).toEqual(['a', 'c']);
    expect(await bodies(first)).toEqual([1, 4]);
  });

  it('keep whoever asks for the next one waiting until a message opens one', async () => {
    const accepting = [bench.client.acceptNextSession('orders'), bench.client.acceptNextSession('orders')];
    await untilWaiting(2);
    await send(message('a', 1), message('b', 2));
    const ids = (await Promise.all(accepting)).map(({ sessionId }) => sessionId);
    expect(ids.sort()).toEqual(['a', 'b']);
  });

  it('keep them waiting until a busy one is released', async () => {
    await send(message('a', 1));
    const holder = await bench.client.acceptNextSession('orders');
    const accepting = connect(bench.broker).acceptNextSession('orders');
    await holder.close();
    expect((await accepting).sessionId).toBe('a');
  });

  it('say so when none becomes free within the time the client gives', async () => {
    const accepting = bench.client.acceptNextSession('orders').catch((error: ServiceBusError) => error);
    await untilWaiting(1);
    // The client asks for its own timeout (5 s in these tests) less a little: in wire time.
    await bench.clock.advance(5_000);
    expect(await accepting).toMatchObject({ code: 'ServiceTimeout' });
    await send(message('a', 1));
    expect((await bench.client.acceptNextSession('orders')).sessionId).toBe('a');
  });

  it('go to someone else when whoever waited has given up', async () => {
    const givenUp = new AbortController();
    const options = { abortSignal: givenUp.signal };
    const aborted = bench.client.acceptNextSession('orders', options).catch((error: Error) => error.name);
    await untilWaiting(1);
    givenUp.abort();
    const accepting = connect(bench.broker).acceptNextSession('orders');
    await untilWaiting(2);
    await send(message('a', 1));
    // The SDK looks at the signal only when it gets a session, which it then gives back.
    expect(await aborted).toBe('AbortError');
    expect(await bodies(await accepting)).toEqual([1]);
  });

  it('go to someone else when whoever waited has lost its connection', async () => {
    const options = { host: '127.0.0.1', port: bench.broker.port, username: 'anyone', reconnect: false };
    const connection = create_container().connect(options);
    const filter = { 'com.microsoft:session-filter': null };
    connection.open_receiver({ source: { address: 'orders', filter }, credit_window: 0 } as ReceiverOptions);
    await untilWaiting(1);
    connection.close();
    await once(connection, 'connection_close');
    await untilWaiting(0);
    await send(message('a', 1));
    expect(await bodies(await bench.client.acceptNextSession('orders'))).toEqual([1]);
  });

  it('are free for others when their receiver closes, with what was not settled, uncounted', async () => {
    await send(message('a', 1), message('a', 2));
    const first = await bench.client.acceptSession('orders', 'a');
    await first.receiveMessages(1, { maxWaitTimeInMs: 2_000 });
    await first.close();
    const second = await bench.client.acceptSession('orders', 'a');
    const again = await second.receiveMessages(2, { maxWaitTimeInMs: ARRIVES_WITHIN_MS });
    expect(again.map(({ body, deliveryCount }) => [body, deliveryCount])).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });

  it('deliver an abandoned message again before those behind it, and dead-letter it in the end', async () => {
    await send(message('a', 'poison'), message('a', 'next'));
    const receiver = await bench.client.acceptSession('orders', 'a');
    for (let attempt = 0; attempt < 3; attempt++) {
      const [poison] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 2_000 });
      expect(poison).toMatchObject({ body: 'poison', deliveryCount: attempt });
      await receiver.abandonMessage(poison!);
    }
    expect(await bodies(receiver)).toEqual(['next']);
    const dead = await receiveOne(bench.client.createReceiver('orders', { subQueueType: 'deadLetter' }));
    expect(dead).toMatchObject({ sessionId: 'a', deadLetterReason: 'MaxDeliveryCountExceeded' });
  });

  it('keep a state of any bytes until it is cleared, also for the next receiver', async () => {
    const first = await bench.client.acceptSession('orders', 'a');
    expect(await first.getSessionState()).toBeNull();
    await first.setSessionState({ step: 2 });
    expect(await first.getSessionState()).toEqual({ step: 2 });
    await first.close();
    const other = await bench.client.acceptSession('orders', 'b');
    expect(await other.getSessionState()).toBeNull();
    const second = await bench.client.acceptSession('orders', 'a');
    expect(await second.getSessionState()).toEqual({ step: 2 });
    await second.setSessionState(null);
    expect(await second.getSessionState()).toBeNull();
  });

  it('refuse a state over the size of a message', async () => {
    const receiver = await bench.client.acceptSession('orders', 'a');
    await expect(receiver.setSessionState('x'.repeat(300_000))).rejects.toMatchObject({ code: 'MessageSizeExceeded' });
  });

  it('show their own messages when their receiver peeks', async () => {
    await send(message('a', 1), message('b', 2), message('a', 3));
    const receiver = await bench.client.acceptSession('orders', 'a');
    expect((await receiver.peekMessages(10)).map(({ body }) => body)).toEqual([1, 3]);
  });

  it('are received and deleted when the receiver says so', async () => {
    await send(message('a', 1), message('b', 2), message('a', 3));
    const receiver = await bench.client.acceptSession('orders', 'a', { receiveMode: 'receiveAndDelete' });
    expect(await bodies(receiver)).toEqual([1, 3]);
    expect(bench.broker.counts('orders').active).toBe(1);
  });

  it('put messages aside and get them back by number, only for the holder', async () => {
    await send(message('a', 1), message('a', 2));
    const receiver = await bench.client.acceptSession('orders', 'a');
    const [first] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 2_000 });
    await receiver.deferMessage(first!);
    expect(await bodies(receiver)).toEqual([2]);
    const other = await bench.client.acceptSession('orders', 'b');
    await expect(other.receiveDeferredMessages(first!.sequenceNumber!)).rejects.toMatchObject({
      code: 'MessageNotFound',
    });
    const [deferred] = await receiver.receiveDeferredMessages(first!.sequenceNumber!);
    expect(deferred).toMatchObject({ body: 1, state: 'deferred', sessionId: 'a', deliveryCount: 1 });
    await receiver.completeMessage(deferred!);
    expect(bench.broker.counts('orders').active).toBe(1);
  });

  it('work behind a topic, where a message without a session is dead-lettered', async () => {
    const sender = bench.client.createSender('events');
    await sender.sendMessages([message('c1', 1), { body: 'lost' }, message('c1', 2)]);
    const receiver = await bench.client.acceptNextSession('events', 'by-customer');
    expect(await bodies(receiver)).toEqual([1, 2]);
    const [dead] = await receiveAll(bench.client, 'events/Subscriptions/by-customer/$DeadLetterQueue');
    expect(dead).toMatchObject({ body: 'lost', deadLetterReason: 'Session ID is null.' });
  });

  it('are busy in the eyes of the clock while a message is out, and only then', async () => {
    await send(message('a', 1));
    const receiver = await bench.client.acceptNextSession('orders');
    const [taken] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 2_000 });
    let isSettled = false;
    const moving = bench.clock.advance(1_000).then(() => expect(isSettled).toBe(true));
    await new Promise((resolve) => setTimeout(resolve, 30));
    isSettled = true;
    await receiver.completeMessage(taken!);
    await moving;
    await bench.clock.advance(1_000);
  });
});

describe('the lock of a session', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench(ENTITIES);
    await bench.client.createSender('orders').sendMessages([{ sessionId: 'a', body: 1 }]);
  });

  const accept = (client = bench.client) => client.acceptSession('orders', 'a', { maxAutoLockRenewalDurationInMs: 0 });

  it('lasts as long as its receiver renews it', async () => {
    const receiver = await accept();
    for (let round = 0; round < 3; round++) {
      await bench.clock.advance(LOCK_MS - 1);
      expect(await receiver.renewSessionLock()).toEqual(new Date(bench.clock.now() + LOCK_MS));
    }
    await bench.clock.advance(LOCK_MS - 1);
    await expect(accept(connect(bench.broker))).rejects.toMatchObject({ code: 'SessionCannotBeLocked' });
  });

  it('is lost when its time is over: the receiver hears of it, and the next one gets the session', async () => {
    const receiver = await accept();
    const errors: string[] = [];
    receiver.subscribe({
      processMessage: async () => {},
      processError: async ({ error }) => void errors.push((error as ServiceBusError).code),
    });
    await bench.clock.settle();
    expect(bench.broker.counts('orders').active).toBe(0);
    await bench.clock.advance(LOCK_MS);
    await until(() => errors.includes('SessionLockLost'));
    await expect(receiver.renewSessionLock()).rejects.toMatchObject({ code: 'SessionLockLost' });
    await expect(receiver.getSessionState()).rejects.toMatchObject({ code: 'SessionLockLost' });
    expect((await accept(connect(bench.broker))).sessionId).toBe('a');
  });

  it('counts the delivery of what was out when it is lost', async () => {
    const config = configOf(ENTITIES);
    const broker = await openBroker({ clock: withoutWaiting(bench.clock), config });
    const client = connect(broker);
    await client.createSender('orders').sendMessages([1, 2].map((body) => ({ sessionId: 'a', body })));
    const receiver = await accept(client);
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 2_000 });
    await bench.clock.advance(LOCK_MS);
    await expect(receiver.completeMessage(message!)).rejects.toMatchObject({ code: 'SessionLockLost' });
    const again = await (await accept(client)).receiveMessages(2, { maxWaitTimeInMs: ARRIVES_WITHIN_MS });
    expect(again.map(({ body, deliveryCount }) => [body, deliveryCount])).toEqual([
      [1, 1],
      [2, 0],
    ]);
  });

  it('takes the room of its receiver with it: nothing more goes there, and nothing is lost', async () => {
    const broker = await openBroker({ clock: withoutWaiting(bench.clock), config: configOf(ENTITIES) });
    const client = connect(broker);
    await client.createSender('orders').sendMessages([1, 2].map((body) => ({ sessionId: 'a', body })));
    const receiver = await accept(client);
    const taken: number[] = [];
    const handlers = {
      processMessage: ({ body }: { body: number }) => new Promise<void>(() => taken.push(body)),
      processError: async () => {},
    };
    receiver.subscribe(handlers, { maxConcurrentCalls: 5 });
    await until(() => taken.length === 2);
    await bench.clock.advance(LOCK_MS);
    const again = await (await accept(connect(broker))).receiveMessages(5, { maxWaitTimeInMs: ARRIVES_WITHIN_MS });
    expect(again.map(({ body, deliveryCount }) => [body, deliveryCount])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(taken).toEqual([1, 2]);
  });
});
