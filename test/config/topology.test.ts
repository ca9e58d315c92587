import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../../dev/paths.js';
import { EVENTS_TOPIC, QUEUES } from '../../functions/wiring.js';

interface Entity {
  Name: string;
  Properties: Record<string, string | number | boolean>;
  Subscriptions?: Entity[];
}

const topology = JSON.parse(readFileSync(path.join(ROOT, 'config', 'topology.json'), 'utf8')) as {
  UserConfig: { Namespaces: { Name: string; Queues: Entity[]; Topics: Entity[] }[] };
};
const [namespace] = topology.UserConfig.Namespaces;

const seconds = (duration: unknown): number => {
  const [, hours, minutes, rest] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/.exec(String(duration)) ?? [];
  return Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(rest ?? 0);
};

describe('the topology', () => {
  const subscriptions = namespace!.Topics.flatMap((topic) => topic.Subscriptions ?? []);
  const entities = [...namespace!.Queues, ...namespace!.Topics, ...subscriptions];

  it('declares what the code uses', () => {
    expect(namespace!.Queues.map(({ Name }) => Name).sort()).toEqual(Object.values(QUEUES).sort());
    expect(namespace!.Topics.map(({ Name }) => Name)).toEqual([EVENTS_TOPIC]);
  });

  // Limits of the official emulator: https://learn.microsoft.com/azure/service-bus-messaging/overview-emulator#quotas-and-limits
  it('lies within the limits of the official emulator', () => {
    expect(topology.UserConfig.Namespaces).toHaveLength(1);
    expect(namespace!.Name).toBe('sbemulatorns');
    for (const { Name, Properties } of entities) {
      const { MaxDeliveryCount = 3, LockDuration = 'PT1M', DefaultMessageTimeToLive = 'PT1H' } = Properties;
      const window = Properties['DuplicateDetectionHistoryTimeWindow'] ?? 'PT1M';
      expect([Name, Number(MaxDeliveryCount) >= 1 && Number(MaxDeliveryCount) <= 10]).toEqual([Name, true]);
      expect([Name, seconds(LockDuration) >= 5 && seconds(LockDuration) <= 300]).toEqual([Name, true]);
      expect([Name, seconds(DefaultMessageTimeToLive) >= 300 && seconds(DefaultMessageTimeToLive) <= 3600]).toEqual([
        Name,
        true,
      ]);
      expect([Name, seconds(window) >= 20 && seconds(window) <= 300]).toEqual([Name, true]);
    }
  });

  it('is the file that the compose file gives to the emulator', () => {
    const compose = parse(readFileSync(path.join(ROOT, 'compose.yaml'), 'utf8')) as {
      services: Record<string, { volumes?: string[] }>;
    };
    expect(compose.services['servicebus']?.volumes).toContain(
      './config/topology.json:/ServiceBus_Emulator/ConfigFiles/Config.json:ro',
    );
  });
});
