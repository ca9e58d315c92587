import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { explicitClock } from '../../local/clock.js';
import {
  type Bench,
  closeAfterTest,
  configOf,
  connect,
  openBench,
  openBroker,
  receiveAll,
  receiveOne,
} from './broker-fixture.js';

const ENTITIES = {
  Queues: [
    { Name: 'q', Properties: { RequiresDuplicateDetection: true, MaxDeliveryCount: 2 } },
    { Name: 'sessions', Properties: { RequiresSession: true } },
  ],
  Topics: [{ Name: 't', Subscriptions: [{ Name: 's' }] }],
};

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

function temporaryFile(): string {
  const directory = mkdtempSync(join(tmpdir(), 'broker-'));
  directories.push(directory);
  return join(directory, 'broker.sqlite');
}

describe('after a restart', () => {
  let dataFile: string;
  let bench: Bench;

  beforeEach(async () => {
    dataFile = temporaryFile();
    bench = await openBench(ENTITIES, { dataFile });
  });

  /** The client first: the SDK's close waits for a reconnection when its broker is gone. */
  const stop = async () => {
    await bench.client.close();
    await bench.broker.close();
  };

  const restart = async (entities: object = ENTITIES) => {
    await stop();
    const { clock, log } = bench;
    const config = configOf(entities);
    const broker = await openBroker({ clock, config, dataFile, log: (level, text) => log.push(`${level}: ${text}`) });
    bench = { broker, clock, log, client: connect(broker) };
  };

  it('everything that was acknowledged is there, with its properties and numbers', async () => {
    const sender = bench.client.createSender('q');
    await sender.sendMessages([
      { body: 'first', messageId: 'a', partitionKey: 'p', applicationProperties: { n: 1 } },
      { body: 'bad', messageId: 'b' },
      { body: 'done', messageId: 'c' },
    ]);
    const link = bench.client.createReceiver('q');
    const messages = await link.receiveMessages(3, { maxWaitTimeInMs: 2_000 });
    await link.abandonMessage(messages[0]!, { attempt: 2 });
    await link.deadLetterMessage(messages[1]!, { deadLetterReason: 'Unreadable', deadLetterErrorDescription: 'd' });
    await link.completeMessage(messages[2]!);
    await restart();
    expect(bench.broker.counts('q')).toEqual({ active: 1, scheduled: 0, deadLetter: 1, locked: 0 });
    const first = await receiveOne(bench.client.createReceiver('q'));
    expect(first).toMatchObject({ body: 'first', messageId: 'a', partitionKey: 'p', deliveryCount: 1 });
    expect(first.applicationProperties).toEqual({ n: 1, attempt: 2 });
    const dead = await receiveOne(bench.client.createReceiver('q', { subQueueType: 'deadLetter' }));
    expect(dead).toMatchObject({ body: 'bad', deadLetterReason: 'Unreadable', deadLetterSource: 'q' });
    await bench.client.createSender('q').sendMessages({ body: 'next', messageId: 'd' });
    const [next] = await bench.client.createReceiver('q').receiveMessages(1, { maxWaitTimeInMs: 2_000 });
    expect(next?.sequenceNumber?.toNumber()).toBe(4);
  });

  it('locks are gone and their deliveries are counted, up to the last one', async () => {
    await bench.client.createSender('q').sendMessages({ body: 'x' });
    await receiveOne(bench.client.createReceiver('q'));
    await restart();
    expect((await receiveOne(bench.client.createReceiver('q'))).deliveryCount).toBe(1);
    await restart();
    expect(bench.broker.counts('q')).toMatchObject({ active: 0, deadLetter: 1 });
  });

  it('scheduled messages come at their time, or at once when it has passed', async () => {
    const inMs = (delayMs: number) => new Date(bench.clock.now() + delayMs);
    await bench.client.createSender('q').scheduleMessages([{ body: 'early' }], inMs(1_000));
    await bench.client.createSender('t').scheduleMessages([{ body: 'late' }], inMs(60_000));
    await stop();
    await bench.clock.advance(2_000);
    bench.broker = await openBroker({ clock: bench.clock, config: configOf(ENTITIES), dataFile });
    bench.client = connect(bench.broker);
    await bench.clock.settle();
    expect(bench.broker.counts('q')).toMatchObject({ active: 1, scheduled: 0 });
    expect(bench.broker.counts('t/Subscriptions/s').active).toBe(0);
    await bench.clock.advance(58_000);
    expect(bench.broker.counts('t/Subscriptions/s').active).toBe(1);
  });

  it('duplicates of what was sent before are still detected', async () => {
    await bench.client.createSender('q').sendMessages({ body: 1, messageId: 'same' });
    await receiveAll(bench.client, 'q');
    await restart();
    await bench.client.createSender('q').sendMessages({ body: 2, messageId: 'same' });
    expect(bench.broker.counts('q').active).toBe(0);
  });

  it('messages of an entity that is no longer declared are kept, with a warning', async () => {
    await bench.client.createSender('q').sendMessages({ body: 1 });
    await restart({ Topics: ENTITIES.Topics });
    expect(bench.log.filter((line) => line.startsWith('warn: Messages of "q" are kept'))).toHaveLength(1);
    await restart();
    expect(bench.broker.counts('q').active).toBe(1);
  });
});

describe('a data file', () => {
  it('of the first version is brought up to date, with what is in it', async () => {
    const dataFile = temporaryFile();
    const written = await openBench(ENTITIES, { dataFile });
    await written.client.createSender('t').sendMessages([{ body: 1 }, { body: 2 }]);
    await written.client.close();
    await written.broker.close();
    const database = new DatabaseSync(dataFile);
    database.exec(`ALTER TABLE message DROP COLUMN session_id; ALTER TABLE message DROP COLUMN deferred;
      DROP TABLE session_state; DROP TABLE rule; DELETE FROM counter WHERE entity = 't/Subscriptions/s';
      PRAGMA user_version = 1;`);
    database.close();
    const { client } = await openBench(ENTITIES, { dataFile });
    await client.createSender('t').sendMessages({ body: 3 });
    expect((await receiveAll(client, 't/Subscriptions/s')).map(({ body }) => body)).toEqual([1, 2, 3]);
  });

  it('of a later version is refused', async () => {
    const dataFile = temporaryFile();
    const database = new DatabaseSync(dataFile);
    database.exec('PRAGMA user_version = 99');
    database.close();
    await expect(openBench(ENTITIES, { dataFile })).rejects.toThrow('has broker schema 99');
  });
});

describe('rules of run time', () => {
  const declare = (...Rules: object[]) => ({ Topics: [{ Name: 't', Subscriptions: [{ Name: 's', Rules }] }] });
  const rule = (Name: string, SqlExpression: string) => ({
    Name,
    Properties: { FilterType: 'Sql', SqlFilter: { SqlExpression } },
  });

  it('leave a changed configuration its say in the rules that they did not touch', async () => {
    const dataFile = temporaryFile();
    const first = await openBench(declare(rule('a', 'x = 1'), rule('b', 'x = 2')), { dataFile });
    const manager = first.client.createRuleManager('t', 's');
    await manager.deleteRule('a');
    await manager.createRule('c', { sqlExpression: 'x = 3' });
    await first.client.close();
    await first.broker.close();
    const second = await openBench(declare(rule('a', 'x = 1'), rule('b', 'x = 20'), rule('d', 'x = 4')), { dataFile });
    const expressions = [];
    for await (const { name, filter } of second.client.createRuleManager('t', 's').listRules()) {
      expressions.push([name, (filter as { sqlExpression: string }).sqlExpression]);
    }
    expect(expressions).toEqual([
      ['b', 'x = 20'],
      ['d', 'x = 4'],
      ['c', 'x = 3'],
    ]);
  });
});

describe('after kill -9', () => {
  /** A broker in a process of its own. */
  async function spawnBroker(dataFile: string, config: unknown) {
    const child = spawn(process.execPath, [join(__dirname, 'broker-child.cjs'), dataFile, JSON.stringify(config)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    closeAfterTest({ close: async () => void child.kill('SIGKILL') });
    // Sends that are on their way when the broker dies end by this timeout.
    return { child, client: connect({ connectionString: await firstLine(child) }, 1_000) };
  }

  it('every acknowledged send is there', async () => {
    const dataFile = temporaryFile();
    const config = configOf({ Queues: [{ Name: 'q' }] });
    const { child, client } = await spawnBroker(dataFile, config);
    const sender = client.createSender('q');
    const acknowledged = new Set<string>();
    let isKilled = false;
    const sendUntilKilled = async (_: unknown, worker: number) => {
      for (let index = 0; !isKilled; index++) {
        const messageId = `${worker}-${index}`;
        await sender.sendMessages({ body: index, messageId });
        acknowledged.add(messageId);
        if (acknowledged.size === 100) isKilled = child.kill('SIGKILL');
      }
    };
    await Promise.allSettled(Array.from({ length: 8 }, sendUntilKilled));

    const broker = await openBroker({ clock: explicitClock(), config, dataFile });
    const found = new Set((await receiveAll(connect(broker), 'q')).map((message) => message.messageId));
    expect(acknowledged.size).toBeGreaterThanOrEqual(100);
    expect([...acknowledged].filter((id) => !found.has(id))).toEqual([]);
  });

  it('session state, deferred and scheduled messages, seen ids and rules of run time are there', async () => {
    const dataFile = temporaryFile();
    const { child, client } = await spawnBroker(dataFile, configOf(ENTITIES));

    const session = await client.acceptSession('sessions', 'a');
    await client.createSender('sessions').sendMessages([1, 2, 3].map((body) => ({ sessionId: 'a', body })));
    await session.setSessionState({ step: 2 });
    const [aside, locked] = await session.receiveMessages(2, { maxWaitTimeInMs: 2_000 });
    await session.deferMessage(aside!);
    const queue = client.createReceiver('q');
    await client.createSender('q').sendMessages({ body: 'aside', messageId: 'seen' });
    const message = await receiveOne(queue);
    await queue.deferMessage(message, { why: 'later' });
    const inAnHour = new Date(Date.now() + 3_600_000);
    const [kept, cancelled] = await client.createSender('q').scheduleMessages([{ body: 1 }, { body: 2 }], inAnHour);
    await client.createSender('q').cancelScheduledMessages(cancelled!);
    const rules = client.createRuleManager('t', 's');
    await rules.createRule('eu', { sqlExpression: "region = 'eu'" }, { sqlExpression: 'SET seen = TRUE' });
    await rules.createRule('vip', { correlationId: 'vip' });
    await rules.deleteRule('$Default');
    await rules.deleteRule('vip');
    child.kill('SIGKILL');

    const broker = await openBroker({ clock: explicitClock(), config: configOf(ENTITIES), dataFile });
    const survivor = connect(broker);
    const again = await survivor.acceptSession('sessions', 'a');
    expect(await again.getSessionState()).toEqual({ step: 2 });
    // What was out for delivery comes first again, counted; the deferred one only by its number.
    const received = await again.receiveMessages(3, { maxWaitTimeInMs: 200 });
    expect(received.map(({ body, deliveryCount }) => [body, deliveryCount])).toEqual([
      [locked!.body, 1],
      [3, 0],
    ]);
    expect((await again.receiveDeferredMessages(aside!.sequenceNumber!))[0]).toMatchObject({
      body: 1,
      state: 'deferred',
    });

    const [deferred] = await survivor.createReceiver('q').receiveDeferredMessages(message.sequenceNumber!);
    expect(deferred).toMatchObject({ body: 'aside', deliveryCount: 1, applicationProperties: { why: 'later' } });
    expect(broker.counts('q').scheduled).toBe(1);
    await survivor.createSender('q').sendMessages({ body: 'again', messageId: 'seen' });
    expect(broker.counts('q').active).toBe(1);
    await survivor.createSender('q').cancelScheduledMessages(kept!);

    const names = [];
    for await (const { name } of survivor.createRuleManager('t', 's').listRules()) names.push(name);
    expect(names).toEqual(['eu']);
    const sender = survivor.createSender('t');
    await sender.sendMessages([{ body: 'us' }, { body: 'eu', applicationProperties: { region: 'eu' } }]);
    const [copy, ...others] = await receiveAll(survivor, 't/Subscriptions/s');
    expect(copy).toMatchObject({ body: 'eu', applicationProperties: { seen: true } });
    expect(others).toEqual([]);
  });
});

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout!.once('data', (line) => resolve(String(line).trim()));
    child.once('exit', (code) => reject(new Error(`The child ended with ${code} before it was ready`)));
  });
}
