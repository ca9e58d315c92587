import type { ServiceBusMessage } from '@azure/service-bus';
import { anchorNow, explicitClock, runningClock } from '../../local/clock.js';
import {
  type Bench,
  configOf,
  connect,
  openBench,
  openBroker,
  receiveAll,
  receiveOne,
  withoutWaiting,
} from './broker-fixture.js';

const MINUTE_MS = 60_000;

const QUEUES = [
  { Name: 'plain' },
  { Name: 'short-lived', Properties: { DefaultMessageTimeToLive: 'PT1M', DeadLetteringOnMessageExpiration: true } },
  { Name: 'once', Properties: { RequiresDuplicateDetection: true, DuplicateDetectionHistoryTimeWindow: 'PT5M' } },
];

describe('world time', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({ Queues: QUEUES });
  });

  const send = (path: string, message: ServiceBusMessage) => bench.client.createSender(path).sendMessages(message);
  const inMinutes = (minutes: number) => new Date(bench.clock.now() + minutes * MINUTE_MS);

  it('holds a scheduled message back until its time, and lets it be cancelled', async () => {
    const sender = bench.client.createSender('plain');
    const [kept, cancelled] = await sender.scheduleMessages([{ body: 'kept' }, { body: 'cancelled' }], inMinutes(10));
    const peeked = await bench.client.createReceiver('plain').peekMessages(10);
    expect(peeked.map(({ body, state }) => [body, state])).toEqual([
      ['kept', 'scheduled'],
      ['cancelled', 'scheduled'],
    ]);
    await sender.cancelScheduledMessages(cancelled!);
    expect(bench.broker.counts('plain')).toMatchObject({ active: 0, scheduled: 1 });
    await bench.clock.advance(10 * MINUTE_MS - 1);
    expect(bench.broker.counts('plain').active).toBe(0);
    await bench.clock.advance(1);
    const [message, ...others] = await receiveAll(bench.client, 'plain');
    expect(others).toEqual([]);
    expect(message).toMatchObject({ body: 'kept', enqueuedTimeUtc: inMinutes(0) });
    expect(message?.sequenceNumber?.greaterThan(kept!)).toBe(true);
  });

  it('honours scheduledEnqueueTimeUtc of an ordinary send', async () => {
    await send('plain', { body: 'later', scheduledEnqueueTimeUtc: inMinutes(1) });
    expect(bench.broker.counts('plain')).toMatchObject({ active: 0, scheduled: 1 });
    await bench.clock.advance(MINUTE_MS);
    expect(bench.broker.counts('plain')).toMatchObject({ active: 1, scheduled: 0 });
  });

  it('refuses to cancel what is not scheduled', async () => {
    const sender = bench.client.createSender('plain');
    const [sequence] = await sender.scheduleMessages([{ body: 'x' }], inMinutes(1));
    await bench.clock.advance(MINUTE_MS);
    await expect(sender.cancelScheduledMessages(sequence!)).rejects.toMatchObject({ code: 'MessageNotFound' });
  });

  it('drops a second message with the same id within the window, also a scheduled one', async () => {
    await send('once', { body: 'first', messageId: 'a' });
    await send('once', { body: 'again', messageId: 'a' });
    await send('once', { body: 'later', messageId: 'a', scheduledEnqueueTimeUtc: inMinutes(1) });
    expect(bench.broker.counts('once')).toMatchObject({ active: 1, scheduled: 0 });
    await bench.clock.advance(5 * MINUTE_MS);
    await send('once', { body: 'new window', messageId: 'a' });
    const received = await receiveAll(bench.client, 'once');
    expect(received.map((message) => message.body)).toEqual(['first', 'new window']);
  });

  it('expires a message and dead-letters it where the queue says so', async () => {
    await send('short-lived', { body: 'stale', timeToLive: 10 * MINUTE_MS });
    await send('plain', { body: 'stale', timeToLive: MINUTE_MS });
    await bench.clock.advance(MINUTE_MS);
    expect(bench.broker.counts('plain')).toMatchObject({ active: 0, deadLetter: 0 });
    expect(bench.broker.counts('short-lived')).toMatchObject({ active: 0, deadLetter: 1 });
    const deadLetters = bench.client.createReceiver('short-lived', { subQueueType: 'deadLetter' });
    expect(await receiveOne(deadLetters)).toMatchObject({ body: 'stale', deadLetterReason: 'TTLExpiredException' });
  });

  it('counts the time to live of a scheduled message from its enqueue time', async () => {
    await send('short-lived', { body: 'x', scheduledEnqueueTimeUtc: inMinutes(5) });
    await bench.clock.advance(5 * MINUTE_MS + MINUTE_MS / 2);
    expect(bench.broker.counts('short-lived').active).toBe(1);
    await bench.clock.advance(MINUTE_MS / 2);
    expect(bench.broker.counts('short-lived')).toMatchObject({ active: 0, deadLetter: 1 });
  });
});

describe('message locks', () => {
  let bench: Bench;
  beforeEach(async () => {
    const clock = explicitClock();
    const broker = await openBroker({ clock: withoutWaiting(clock), config: configOf({ Queues: QUEUES }) });
    bench = { broker, clock, client: connect(broker), log: [] };
    await bench.client.createSender('plain').sendMessages({ body: 'x' });
  });

  it('expire: settling is refused and the message comes again, counted', async () => {
    const link = bench.client.createReceiver('plain', { maxAutoLockRenewalDurationInMs: 0 });
    const message = await receiveOne(link);
    expect(bench.broker.counts('plain')).toMatchObject({ active: 1, locked: 1 });
    await bench.clock.advance(MINUTE_MS);
    expect(bench.broker.counts('plain')).toMatchObject({ active: 1, locked: 0 });
    await expect(link.completeMessage(message)).rejects.toMatchObject({ code: 'MessageLockLost' });
    expect((await receiveOne(link)).deliveryCount).toBe(1);
  });

  it('last longer when they are renewed, and cannot be renewed when they are lost', async () => {
    const link = bench.client.createReceiver('plain', { maxAutoLockRenewalDurationInMs: 0 });
    const message = await receiveOne(link);
    await bench.clock.advance(MINUTE_MS - 1);
    expect(await link.renewMessageLock(message)).toEqual(new Date(bench.clock.now() + MINUTE_MS));
    await bench.clock.advance(MINUTE_MS - 1);
    expect(bench.broker.counts('plain').locked).toBe(1);
    await bench.clock.advance(1);
    await expect(link.renewMessageLock(message)).rejects.toMatchObject({ code: 'MessageLockLost' });
  });

  it('keep a message beyond its time to live, which ends when it is given back', async () => {
    const [kept] = await receiveAll(bench.client, 'plain');
    expect(kept?.body).toBe('x');
    await bench.client.createSender('plain').sendMessages({ body: 'short', timeToLive: 30_000 });
    const link = bench.client.createReceiver('plain', { maxAutoLockRenewalDurationInMs: 0 });
    const message = await receiveOne(link);
    await bench.clock.advance(40_000);
    expect(bench.broker.counts('plain')).toMatchObject({ active: 1, locked: 1 });
    await link.abandonMessage(message);
    expect(bench.broker.counts('plain')).toMatchObject({ active: 0, locked: 0 });
  });

  it('survive the link that took them, until they expire', async () => {
    const link = bench.client.createReceiver('plain');
    await receiveOne(link);
    await link.close();
    expect(bench.broker.counts('plain').locked).toBe(1);
    await bench.clock.advance(MINUTE_MS);
    expect((await receiveOne(bench.client.createReceiver('plain'))).deliveryCount).toBe(1);
  });
});

describe('a clock that runs fast', () => {
  it('tells the end of a lock in world time, as far ahead as real time is left', async () => {
    const clock = runningClock(anchorNow(50));
    const broker = await openBroker({ clock, config: configOf({ Queues: QUEUES }) });
    const client = connect(broker);
    await client.createSender('plain').sendMessages({ body: 'x' });
    const link = client.createReceiver('plain');
    const message = await receiveOne(link);
    // World time runs on while the message travels: a second of it is 20 ms.
    const remainingMs = () => message.lockedUntilUtc!.getTime() - clock.now();
    expect(remainingMs()).toBeLessThanOrEqual(MINUTE_MS);
    expect(remainingMs()).toBeGreaterThan(MINUTE_MS - 25_000);
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect(remainingMs()).toBeLessThan(0);
    const renewedMs = (await link.renewMessageLock(message)).getTime() - clock.now();
    expect(renewedMs).toBeGreaterThan(MINUTE_MS - 25_000);
    await link.completeMessage(message);
  });

  it('renews a lock by itself as long as the handler runs', async () => {
    const LockDuration = 'PT2S';
    const clock = runningClock(anchorNow(1));
    const config = configOf({ Queues: [{ Name: 'q', Properties: { LockDuration } }] });
    const broker = await openBroker({ clock, config });
    const client = connect(broker);
    let calls = 0;
    const handled = new Promise<void>((resolve) => {
      client.createReceiver('q').subscribe({
        processMessage: async () => {
          calls++;
          await new Promise((done) => setTimeout(done, 2_600));
          setTimeout(resolve, 100);
        },
        processError: async ({ error }) => {
          throw error;
        },
      });
    });
    await client.createSender('q').sendMessages({ body: 'slow' });
    await handled;
    expect(calls).toBe(1);
    expect(broker.counts('q')).toMatchObject({ active: 0, deadLetter: 0 });
  });
});
