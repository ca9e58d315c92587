import { type Bench, openBench, receiveAll } from './broker-fixture.js';

describe('batches', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({
      Queues: [{ Name: 'orders' }, { Name: 'sessions', Properties: { RequiresSession: true } }],
    });
  });

  const sender = () => bench.client.createSender('orders');

  it('and arrays are taken, and all of it delivered in order', async () => {
    const batch = await sender().createMessageBatch();
    for (let index = 0; index < 50; index++) expect(batch.tryAddMessage({ body: index })).toBe(true);
    await sender().sendMessages(batch);
    await sender().sendMessages([{ body: 50 }, { body: 51 }, { body: 52 }]);
    const received = await receiveAll(bench.client, 'orders');
    expect(received.map((message) => message.body)).toEqual(Array.from({ length: 53 }, (_, index) => index));
  });

  it('know the limit of their size', async () => {
    const batch = await sender().createMessageBatch();
    expect(batch.maxSizeInBytes).toBe(262_144);
    expect(batch.tryAddMessage({ body: Buffer.alloc(300_000) })).toBe(false);
  });

  it('keep the properties of each message apart', async () => {
    await sender().sendMessages([
      { body: 1, messageId: 'a', applicationProperties: { n: 1 } },
      { body: 2, messageId: 'b', subject: 's' },
    ]);
    const [first, second] = await receiveAll(bench.client, 'orders');
    expect(first).toMatchObject({ messageId: 'a', applicationProperties: { n: 1 } });
    expect(first!.subject).toBeUndefined();
    expect(second).toMatchObject({ messageId: 'b', subject: 's' });
  });

  it('are stored whole or not at all', async () => {
    const mixed = [{ body: 1, sessionId: 'a' }, { body: 2 }];
    await expect(bench.client.createSender('sessions').sendMessages(mixed)).rejects.toThrow('SessionId was not set');
    expect(bench.broker.counts('sessions').active).toBe(0);
  });
});
