import type { ServiceBusMessage } from '@azure/service-bus';
import { type Bench, openBench, receiveAll } from './broker-fixture.js';

const rule = (Name: string, SqlExpression: string, action?: string) => ({
  Name,
  Properties: {
    FilterType: 'Sql',
    SqlFilter: { SqlExpression },
    ...(action === undefined ? {} : { Action: { SqlExpression: action } }),
  },
});

describe('the rule manager', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({
      Topics: [
        { Name: 't', Subscriptions: [{ Name: 's' }, { Name: 'declared', Rules: [rule('eu', "region = 'eu'")] }] },
      ],
    });
  });

  const manager = (name = 's') => bench.client.createRuleManager('t', name);
  const publish = (...messages: ServiceBusMessage[]) => bench.client.createSender('t').sendMessages(messages);
  const bodies = async (name = 's') =>
    (await receiveAll(bench.client, `t/Subscriptions/${name}`)).map(({ body }) => body);

  const listed = async (name = 's') => {
    const rules = [];
    for await (const each of manager(name).listRules()) rules.push(each);
    return rules;
  };

  it('lists the default rule of a subscription without rules, and the declared rules of one with', async () => {
    expect(await listed()).toEqual([{ name: '$Default', filter: { sqlExpression: '1=1' }, action: {} }]);
    expect(await listed('declared')).toEqual([{ name: 'eu', filter: { sqlExpression: "region = 'eu'" }, action: {} }]);
  });

  it('adds rules that decide from then on, and lists them as they were given', async () => {
    await manager().createRule('big', { sqlExpression: 'amount > 100' });
    await manager().createRule('vip', {
      correlationId: 'vip',
      subject: 'order',
      contentType: 'text/plain',
      applicationProperties: { level: 3, isNew: true },
    });
    await manager().createRule(
      'marked',
      { sqlExpression: 'amount > 500' },
      { sqlExpression: "SET sys.Label = 'huge'" },
    );
    const rules = await listed();
    expect(rules.map(({ name }) => name)).toEqual(['$Default', 'big', 'vip', 'marked']);
    expect(rules[2]!.filter).toMatchObject({
      correlationId: 'vip',
      subject: 'order',
      contentType: 'text/plain',
      applicationProperties: { level: 3, isNew: true },
    });
    expect(rules[3]!.action).toEqual({ sqlExpression: "SET sys.Label = 'huge'" });

    await manager().deleteRule('$Default');
    await publish(
      { body: 'big', applicationProperties: { amount: 101 } },
      { body: 'small', applicationProperties: { amount: 1 } },
      {
        body: 'vip',
        correlationId: 'vip',
        subject: 'order',
        contentType: 'text/plain',
        applicationProperties: { level: 3, isNew: true },
      },
      { body: 'not quite', correlationId: 'vip', subject: 'order', applicationProperties: { level: 3 } },
    );
    expect(await bodies()).toEqual(['big', 'vip']);
  });

  it('leaves a subscription without any rule empty', async () => {
    await manager().deleteRule('$default');
    expect(await listed()).toEqual([]);
    await publish({ body: 1 });
    expect(await bodies()).toEqual([]);
  });

  it('refuses bad SQL with its place, a name that is taken, and one that is not there', async () => {
    const bad = manager().createRule('bad', { sqlExpression: 'amount >' });
    await expect(bad).rejects.toThrow('Expected a property name at character 9');
    const badAction = manager().createRule('bad', { sqlExpression: '1=1' }, { sqlExpression: 'DROP x' });
    await expect(badAction).rejects.toThrow('Expected SET or REMOVE at character 1');
    await expect(manager('declared').createRule('EU', { sqlExpression: '1=1' })).rejects.toMatchObject({
      code: 'MessagingEntityAlreadyExists',
    });
    await expect(manager().deleteRule('nothing')).rejects.toMatchObject({ code: 'MessagingEntityNotFound' });
    await expect(manager('nobody').createRule('x', { sqlExpression: '1=1' })).rejects.toMatchObject({
      code: 'MessagingEntityNotFound',
    });
    await expect(manager().createRule('x'.repeat(51), { sqlExpression: '1=1' })).rejects.toThrow('longer than 50');
    expect(await listed()).toHaveLength(1);
  });
});

describe('the action of a rule', () => {
  const open = (...Rules: object[]) => openBench({ Topics: [{ Name: 't', Subscriptions: [{ Name: 's', Rules }] }] });

  it('changes system and user properties of the copy, statement by statement', async () => {
    const action = [
      "SET sys.Label = 'order-' + kind",
      'SET total = amount * 2 + 1',
      'SET doubled = total',
      "SET sys.ReplyTo = 'answers'",
      'REMOVE secret',
      'REMOVE sys.CorrelationId',
    ].join('; ');
    const { client } = await open(rule('r', 'amount > 1', action));
    await client.createSender('t').sendMessages({
      body: { kept: true },
      messageId: 'm',
      correlationId: 'gone',
      contentType: 'application/json',
      applicationProperties: { kind: 'book', amount: 20, secret: 'x', other: 1.5 },
    });
    const [message] = await receiveAll(client, 't/Subscriptions/s');
    expect(message).toMatchObject({
      body: { kept: true },
      messageId: 'm',
      subject: 'order-book',
      replyTo: 'answers',
      contentType: 'application/json',
    });
    expect(message!.correlationId).toBeUndefined();
    expect(message!.applicationProperties).toEqual({
      kind: 'book',
      amount: 20,
      other: 1.5,
      total: 41,
      doubled: 41,
      RuleName: 'r',
    });
  });

  it('makes a copy of its own, while rules without action share one', async () => {
    const { client, broker } = await open(
      rule('plain-1', 'a = 1'),
      rule('plain-2', 'a = 1'),
      rule('first', 'a = 1', 'SET mark = 1'),
      rule('second', 'a = 1', 'SET mark = 2'),
      rule('never', 'a = 2', 'SET mark = 3'),
    );
    await client.createSender('t').sendMessages({ body: 'x', applicationProperties: { a: 1 } });
    const copies = await receiveAll(client, 't/Subscriptions/s');
    expect(copies.map(({ applicationProperties }) => applicationProperties)).toEqual([
      { a: 1 },
      { a: 1, mark: 1, RuleName: 'first' },
      { a: 1, mark: 2, RuleName: 'second' },
    ]);
    expect(broker.counts('t/Subscriptions/s').active).toBe(0);
  });

  it('can put a message into a session', async () => {
    const { client } = await openBench({
      Topics: [
        {
          Name: 't',
          Subscriptions: [
            {
              Name: 's',
              Properties: { RequiresSession: true },
              Rules: [rule('r', '1=1', 'SET sys.SessionId = customer')],
            },
          ],
        },
      ],
    });
    await client.createSender('t').sendMessages({ body: 1, applicationProperties: { customer: 'c1' } });
    expect((await client.acceptNextSession('t', 's')).sessionId).toBe('c1');
  });
});
