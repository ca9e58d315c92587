/**
 * rhea 3.0.5 gives the second of two adjacent deliveries that are settled in one tick the outcome of the first, on
 * whichever side it runs. The client SDK has the fault inside; these tests show what it does to an application, that
 * the broker notices it, and that the broker's own side is free of it.
 */
import { once } from 'node:events';
import type { ServiceBusReceiver } from '@azure/service-bus';
import { create_container, type Delivery } from 'rhea';
import { installSessionHooks } from '../../local/world/broker/amqp/hooks.js';
import type { RheaSession } from '../../local/world/broker/amqp/rhea.js';
import { type Bench, closeAfterTest, openBench, receiveAll } from './broker-fixture.js';

let bench: Bench;
let receiver: ServiceBusReceiver;
beforeEach(async () => {
  bench = await openBench({ Queues: [{ Name: 'q' }] });
  receiver = bench.client.createReceiver('q');
});

const send = (count: number) =>
  bench.client.createSender('q').sendMessages(Array.from({ length: count }, (_, index) => ({ body: index })));
const receive = (count: number) => receiver.receiveMessages(count, { maxWaitTimeInMs: 2_000 });
const warnings = () => bench.log.filter((line) => line.startsWith('warn: A client settled deliveries'));
const deadLetters = async () => (await receiveAll(bench.client, 'q/$DeadLetterQueue')).map(({ body }) => body);

describe('different settlements that an SDK client starts in one tick', () => {
  it('reach the broker as one: a completed message is dead-lettered, both calls succeed, the broker warns', async () => {
    await send(2);
    const [first, second] = await receive(2);
    await Promise.all([receiver.deadLetterMessage(first!), receiver.completeMessage(second!)]);
    expect(await deadLetters()).toEqual([0, 1]);
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain('"q"');
  });

  it('arrive as they were meant when each is awaited before the next', async () => {
    await send(6);
    const messages = await receive(6);
    for (const [index, message] of messages.entries()) {
      if (index % 3 === 0) await receiver.deadLetterMessage(message);
      else if (index % 3 === 1) await receiver.completeMessage(message);
      else await receiver.abandonMessage(message);
    }
    expect(await deadLetters()).toEqual([0, 3]);
    expect((await receiveAll(bench.client, 'q')).map(({ body }) => body)).toEqual([2, 5]);
    expect(warnings()).toEqual([]);
  });

  it('lose and double nothing under load, as long as each receiver awaits its own', async () => {
    const sent = 300;
    await send(sent);
    const completed: number[] = [];
    const work = async (link: ServiceBusReceiver) => {
      for (let isEmpty = false; !isEmpty; ) {
        const messages = await link.receiveMessages(20, { maxWaitTimeInMs: 100 });
        isEmpty = messages.length === 0;
        for (const message of messages) {
          if (message.body % 7 === 0 && message.deliveryCount === 0) await link.abandonMessage(message);
          else if (message.body % 20 === 0) await link.deadLetterMessage(message);
          else {
            await link.completeMessage(message);
            completed.push(message.body);
          }
        }
      }
    };
    const receivers = Array.from({ length: 4 }, () => bench.client.createReceiver('q'));
    await Promise.all(receivers.map(work));
    const dead = await deadLetters();
    expect(dead.every((body) => body % 20 === 0)).toBe(true);
    expect([...completed, ...dead].sort((left, right) => left - right)).toEqual([...Array(sent).keys()]);
    expect(warnings()).toEqual([]);
  });

  it('do no harm when all of them complete', async () => {
    await send(20);
    await Promise.all((await receive(20)).map((message) => receiver.completeMessage(message)));
    expect(bench.broker.counts('q')).toEqual({ active: 0, scheduled: 0, deadLetter: 0, locked: 0 });
    expect(warnings()).toEqual([]);
  });
});

describe('the same settlements from a client without the fault', () => {
  it('are carried out one by one, without a warning', async () => {
    await send(4);
    const options = { host: '127.0.0.1', port: bench.broker.port, username: 'anyone', reconnect: false };
    const connection = create_container().connect(options);
    closeAfterTest({ close: async () => connection.close() });
    const link = connection.open_receiver({ source: 'q', credit_window: 0, autoaccept: false });
    // The broker's own writer, which works for either side.
    const nothing = { wantsRaw: () => false, afterTransfers: () => {}, onMergedSettlement: () => {} };
    installSessionHooks(link.session as RheaSession, nothing);
    const deliveries: Delivery[] = [];
    const arrived = new Promise<void>((resolve) => {
      link.on('message', ({ delivery }) => deliveries.push(delivery!) === 4 && resolve());
    });
    await once(link, 'receiver_open');
    link.add_credit(4);
    await arrived;

    deliveries[0]!.reject({ condition: 'com.microsoft:dead-letter' });
    deliveries[1]!.accept();
    deliveries[2]!.modified({ delivery_failed: false, undeliverable_here: false });
    deliveries[3]!.accept();
    // The broker is busy in the eyes of the clock until all four are settled.
    await bench.clock.settle();

    expect(await deadLetters()).toEqual([0]);
    expect((await receiveAll(bench.client, 'q')).map(({ body }) => body)).toEqual([2]);
    expect(warnings()).toEqual([]);
  });
});

describe('different answers of the broker in one tick', () => {
  it('reach each send by itself', async () => {
    const sender = bench.client.createSender('q');
    await sender.createMessageBatch();
    const outcomes = await Promise.allSettled([
      sender.sendMessages({ body: 'good' }),
      sender.sendMessages({ body: 'x'.repeat(300_000) }),
      sender.sendMessages({ body: 'good' }),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(bench.broker.counts('q').active).toBe(2);
  });

  it('reach each settlement by itself', async () => {
    await send(3);
    const messages = await receive(3);
    bench.broker.faults.loseSettlement = { q: 1 };
    const outcomes = await Promise.allSettled(messages.map((message) => receiver.completeMessage(message)));
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect((await receiveAll(bench.client, 'q')).map(({ body }) => body)).toEqual([0]);
  });
});
