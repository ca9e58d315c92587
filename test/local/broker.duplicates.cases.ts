import type { ServiceBusMessage } from '@azure/service-bus';
import { type Bench, openBench, receiveAll } from './broker-fixture.js';

const MINUTE_MS = 60_000;

describe('duplicate detection', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({
      Queues: [
        { Name: 'once', Properties: { RequiresDuplicateDetection: true, DuplicateDetectionHistoryTimeWindow: 'PT5M' } },
      ],
    });
  });

  const send = (path: string, message: ServiceBusMessage) => bench.client.createSender(path).sendMessages(message);
  const inMinutes = (minutes: number) => new Date(bench.clock.now() + minutes * MINUTE_MS);

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

  it('counts the ids of a batch and of scheduled messages, and forgets nothing that is received', async () => {
    const sender = bench.client.createSender('once');
    await sender.sendMessages([
      { body: 1, messageId: 'a' },
      { body: 2, messageId: 'b' },
      { body: 3, messageId: 'a' },
    ]);
    await sender.scheduleMessages([{ body: 4, messageId: 'c' }], inMinutes(1));
    expect((await receiveAll(bench.client, 'once')).map(({ body }) => body)).toEqual([1, 2]);
    await sender.sendMessages([
      { body: 5, messageId: 'b' },
      { body: 6, messageId: 'c' },
    ]);
    await bench.clock.advance(MINUTE_MS);
    expect((await receiveAll(bench.client, 'once')).map(({ body }) => body)).toEqual([4]);
  });
});
