import { type Bench, openBench, receiveAll } from './broker-fixture.js';

describe('the limits of the tier', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench(
      { Queues: [{ Name: 'q' }], Topics: [{ Name: 't', Subscriptions: [{ Name: 's1' }, { Name: 's2' }] }] },
      { limits: { entityBytes: 50_000 } },
    );
  });

  const full = { code: 'QuotaExceeded' };
  const later = () => new Date(bench.clock.now() + 60_000);

  it('let an entity hold so many bytes, scheduled and dead-lettered messages too, until some are received', async () => {
    const sender = bench.client.createSender('q');
    await sender.sendMessages({ body: Buffer.alloc(20_000) });
    await sender.scheduleMessages({ body: Buffer.alloc(20_000) }, later());
    await expect(sender.sendMessages({ body: Buffer.alloc(20_000) })).rejects.toMatchObject(full);
    await expect(sender.scheduleMessages({ body: Buffer.alloc(20_000) }, later())).rejects.toMatchObject(full);
    const receiver = bench.client.createReceiver('q');
    const [first] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 2_000 });
    await receiver.deadLetterMessage(first!);
    await expect(sender.sendMessages({ body: Buffer.alloc(20_000) })).rejects.toMatchObject(full);
    await receiveAll(bench.client, 'q/$DeadLetterQueue');
    await sender.sendMessages({ body: Buffer.alloc(20_000) });
  });

  it('count the copies of a topic', async () => {
    const sender = bench.client.createSender('t');
    await sender.sendMessages({ body: Buffer.alloc(20_000) });
    await expect(sender.sendMessages({ body: Buffer.alloc(20_000) })).rejects.toMatchObject(full);
  });

  it('take a batch whole or not at all', async () => {
    const sender = bench.client.createSender('q');
    const batch = await sender.createMessageBatch();
    for (let index = 0; index < 6; index++) batch.tryAddMessage({ body: Buffer.alloc(10_000) });
    await expect(sender.sendMessages(batch)).rejects.toMatchObject(full);
    expect(bench.broker.counts('q').active).toBe(0);
  });

  it('allow 64 KB of properties', async () => {
    const { client } = await openBench({ Queues: [{ Name: 'q' }] });
    const sender = client.createSender('q');
    const properties = (characters: number) => ({ body: 1, applicationProperties: { a: 'x'.repeat(characters) } });
    await sender.sendMessages(properties(60_000));
    await expect(sender.sendMessages(properties(66_000))).rejects.toThrow('65536 are allowed');
  });
});
