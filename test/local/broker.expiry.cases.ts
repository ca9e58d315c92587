import type { ServiceBusMessage } from '@azure/service-bus';
import { type Bench, openBench, receiveOne } from './broker-fixture.js';

const MINUTE_MS = 60_000;

describe('time to live', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({
      Queues: [
        { Name: 'plain' },
        {
          Name: 'short-lived',
          Properties: { DefaultMessageTimeToLive: 'PT1M', DeadLetteringOnMessageExpiration: true },
        },
      ],
    });
  });

  const send = (path: string, message: ServiceBusMessage) => bench.client.createSender(path).sendMessages(message);
  const inMinutes = (minutes: number) => new Date(bench.clock.now() + minutes * MINUTE_MS);

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
