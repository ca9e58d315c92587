import { anchorNow, explicitClock, runningClock } from '../../local/clock.js';
import { type Bench, configOf, connect, openBroker, receiveAll, receiveOne, withoutWaiting } from './broker-fixture.js';

const MINUTE_MS = 60_000;

describe('message locks', () => {
  let bench: Bench;
  beforeEach(async () => {
    const clock = explicitClock();
    const broker = await openBroker({
      clock: withoutWaiting(clock),
      config: configOf({ Queues: [{ Name: 'plain' }] }),
    });
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
    const broker = await openBroker({ clock, config: configOf({ Queues: [{ Name: 'plain' }] }) });
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

  it('lets the SDK renew a lock as long as the handler runs, over three lock periods', async () => {
    const LockDuration = 'PT1S';
    const clock = runningClock(anchorNow(1));
    const config = configOf({ Queues: [{ Name: 'q', Properties: { LockDuration } }] });
    const broker = await openBroker({ clock, config });
    const client = connect(broker);
    let calls = 0;
    const handled = new Promise<void>((resolve) => {
      client.createReceiver('q').subscribe({
        processMessage: async () => {
          calls++;
          await new Promise((done) => setTimeout(done, 3_200));
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
