import { type Bench, openBench } from './broker-fixture.js';

describe('a subscriber', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({ Queues: [{ Name: 'work' }] });
  });

  it('completes what its handler finished, and gets again what it threw at', async () => {
    const seen: [unknown, number | undefined][] = [];
    bench.client.createReceiver('work').subscribe({
      processMessage: async (message) => {
        seen.push([message.body, message.deliveryCount]);
        if (message.body === 'bad' && message.deliveryCount === 0) throw new Error('not yet');
      },
      processError: async () => {},
    });
    await bench.client.createSender('work').sendMessages([{ body: 'good' }, { body: 'bad' }]);
    await bench.clock.settle();
    expect(seen).toEqual([
      ['good', 0],
      ['bad', 0],
      ['bad', 1],
    ]);
    expect(bench.broker.counts('work').active).toBe(0);
  });

  it('gets no more at once than it has room for', async () => {
    let running = 0;
    let most = 0;
    let done = 0;
    bench.client.createReceiver('work').subscribe(
      {
        processMessage: async () => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setTimeout(resolve, 5));
          running--;
          done++;
        },
        processError: async () => {},
      },
      { maxConcurrentCalls: 3 },
    );
    await bench.client.createSender('work').sendMessages(Array.from({ length: 20 }, (_, index) => ({ body: index })));
    await bench.clock.settle();
    expect([most, done]).toEqual([3, 20]);
  });

  it('closes without waiting for messages', async () => {
    const subscription = bench.client.createReceiver('work').subscribe({
      processMessage: async () => {},
      processError: async () => {},
    });
    await bench.clock.settle();
    const startedMs = performance.now();
    await subscription.close();
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });
});
