import type { ServiceBusMessage } from '@azure/service-bus';
import { type Bench, openBench, receiveAll } from './broker-fixture.js';

const MINUTE_MS = 60_000;

describe('scheduled messages', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({ Queues: [{ Name: 'plain' }] });
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
});
