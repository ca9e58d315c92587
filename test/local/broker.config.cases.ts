import { explicitClock } from '../../local/clock.js';
import { configOf, openBench, openBroker } from './broker-fixture.js';

const start = (config: unknown) => openBroker({ clock: explicitClock(), config });

describe('the configuration', () => {
  it('is read as the official emulator writes it, with other top-level keys beside it', async () => {
    const properties = {
      DeadLetteringOnMessageExpiration: false,
      DefaultMessageTimeToLive: 'PT1H',
      ForwardDeadLetteredMessagesTo: '',
      ForwardTo: '',
      LockDuration: 'PT1M',
      MaxDeliveryCount: 3,
      RequiresSession: false,
    };
    const duplicates = { DuplicateDetectionHistoryTimeWindow: 'PT20S', RequiresDuplicateDetection: false };
    const filter = { FilterType: 'Correlation', CorrelationFilter: { ContentType: 'application/json' } };
    const broker = await start({
      containers: ['something else'],
      UserConfig: {
        Namespaces: [
          {
            Name: 'sbemulatorns',
            Queues: [{ Name: 'queue.1', Properties: { ...properties, ...duplicates } }],
            Topics: [
              {
                Name: 'topic.1',
                Properties: { DefaultMessageTimeToLive: 'PT1H', ...duplicates },
                Subscriptions: [
                  {
                    Name: 'subscription.1',
                    Properties: properties,
                    Rules: [{ Name: 'app-prop-filter-1', Properties: filter }],
                  },
                ],
              },
            ],
          },
        ],
        Logging: { Type: 'File' },
      },
    });
    expect(broker.counts('topic.1/Subscriptions/subscription.1').active).toBe(0);
  });

  const rule = (Properties: object) => ({
    Topics: [{ Name: 't', Subscriptions: [{ Name: 's', Rules: [{ Name: 'r', Properties }] }] }],
  });

  it.each([
    [
      { Queues: [{ Name: 'q', Properties: { MaxDeliverCount: 3 } }] },
      'Queues[0].Properties: Unrecognized key: "MaxDeliverCount"',
    ],
    [
      { Queues: [{ Name: 'q', Properties: { LockDuration: '1m' } }] },
      'Queues[0].Properties.LockDuration: "1m" is not an ISO 8601',
    ],
    [{ Queues: [{ Name: 'a b' }] }, 'Queues[0].Name: must be letters'],
    [{ Queues: [{ Name: 'q' }, { Name: 'Q' }] }, 'the name "q" is given twice'],
    [{ Queues: [{ Name: 'q', Properties: { ForwardTo: 'x' } }] }, 'ForwardTo: forwarding is not simulated'],
    [rule({ FilterType: 'Regex' }), 'Rules[0].Properties.FilterType: Invalid'],
    [rule({ FilterType: 'Sql', SqlFilter: { SqlExpression: 'a = ' } }), 'Expected a property name at character 5'],
    [rule({ FilterType: 'Correlation', CorrelationFilter: { Lable: 'x' } }), 'Unrecognized key: "Lable"'],
  ])('is refused with the path of the key: %j', async (entities, problem) => {
    await expect(start(configOf(entities))).rejects.toThrow(problem);
  });

  it('may leave the limits of the official emulator, with a warning', async () => {
    const { log } = await openBench({ Queues: [{ Name: 'q', Properties: { LockDuration: 'PT10M' } }] });
    expect(log.filter((line) => line.startsWith('warn: "q": LockDuration'))).toHaveLength(1);
  });
});
