/** Reads the configuration into the engine's topology, with Azure's defaults for what it leaves out. */

import type { QueueDefinition, TopicDefinition, Topology } from '../engine/namespace.js';
import type { QueueSettings } from '../engine/queue.js';
import type { Rule } from '../engine/rules.js';
import { compileRule, DEFAULT_RULE } from '../filters/rule.js';
import { configSchema, type NamespaceConfig, type QueueConfig, type RuleConfig, type TopicConfig } from './schema.js';

/** Azure's defaults, not the emulator's (3 deliveries, one hour): the same files describe the deployed namespace. */
const DEFAULT_LOCK_MS = 60_000;
const DEFAULT_MAX_DELIVERY_COUNT = 10;
const DEFAULT_DUPLICATE_WINDOW_MS = 600_000;

/** Ranges that the official emulator enforces; outside them the file works here, but not there. */
const EMULATOR_RANGES: Record<string, { min: number; max: number; text: string }> = {
  DefaultMessageTimeToLive: { min: 300_000, max: 3_600_000, text: 'PT5M to PT1H' },
  DuplicateDetectionHistoryTimeWindow: { min: 5_000, max: 300_000, text: 'PT5S to PT5M' },
  LockDuration: { min: 5_000, max: 300_000, text: 'PT5S to PT5M' },
  MaxDeliveryCount: { min: 1, max: 10, text: '1 to 10' },
};
const EMULATOR_MAX_ENTITIES = 50;

/** @throws Error listing every problem with the path of its key. */
export function readTopology(config: unknown, warn: (message: string) => void): Topology {
  const parsed = configSchema.safeParse(config);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `  ${pathText(issue.path)}: ${issue.message}`);
    throw new Error(`The broker's configuration is not valid:\n${problems.join('\n')}`);
  }
  const namespace = parsed.data.UserConfig.Namespaces[0]!;
  refuseDoubleNames(namespace);
  warnAboutEmulatorLimits(namespace, warn);
  return { queues: namespace.Queues.map(toQueue), topics: namespace.Topics.map(toTopic) };
}

function toQueue({ Name, Properties }: QueueConfig): QueueDefinition {
  return { name: Name, settings: toSettings(Properties), duplicateWindowMs: duplicateWindow(Properties) };
}

function toTopic({ Name, Properties, Subscriptions }: TopicConfig): TopicDefinition {
  return {
    name: Name,
    defaultTtlMs: Properties.DefaultMessageTimeToLive,
    duplicateWindowMs: duplicateWindow(Properties),
    subscriptions: Subscriptions.map((subscription) => ({
      name: subscription.Name,
      settings: toSettings(subscription.Properties),
      rules: toRules(subscription.Rules),
    })),
  };
}

function toSettings(properties: Omit<QueueConfig['Properties'], 'RequiresDuplicateDetection'>): QueueSettings {
  return {
    lockDurationMs: properties.LockDuration ?? DEFAULT_LOCK_MS,
    maxDeliveryCount: properties.MaxDeliveryCount ?? DEFAULT_MAX_DELIVERY_COUNT,
    defaultTtlMs: properties.DefaultMessageTimeToLive,
    deadLetterOnExpiration: properties.DeadLetteringOnMessageExpiration ?? false,
    requiresSession: properties.RequiresSession ?? false,
  };
}

function duplicateWindow(properties: TopicConfig['Properties']): number | undefined {
  if (!properties.RequiresDuplicateDetection) return undefined;
  return properties.DuplicateDetectionHistoryTimeWindow ?? DEFAULT_DUPLICATE_WINDOW_MS;
}

/** A subscription without rules takes everything. */
function toRules(rules: RuleConfig[]): Rule[] {
  if (rules.length === 0) return [compileRule(DEFAULT_RULE.name, DEFAULT_RULE.definition)];
  return rules.map(({ Name, Properties }) =>
    compileRule(Name, {
      filter:
        Properties.FilterType === 'Sql'
          ? { sql: Properties.SqlFilter.SqlExpression }
          : { correlation: Properties.CorrelationFilter },
      action: Properties.Action?.SqlExpression,
    }),
  );
}

function refuseDoubleNames({ Queues, Topics }: NamespaceConfig): void {
  const groups: [string, { Name: string }[]][] = [
    ['UserConfig.Namespaces[0] (queues and topics share their names)', [...Queues, ...Topics]],
    ...Topics.map((topic): [string, { Name: string }[]] => [
      `the subscriptions of topic "${topic.Name}"`,
      topic.Subscriptions,
    ]),
    ...Topics.flatMap(({ Name, Subscriptions }) =>
      Subscriptions.map((subscription): [string, { Name: string }[]] => [
        `the rules of "${Name}/Subscriptions/${subscription.Name}"`,
        subscription.Rules,
      ]),
    ),
  ];
  for (const [where, named] of groups) {
    const names = named.map(({ Name }) => Name.toLowerCase());
    const double = names.find((name, index) => names.indexOf(name) !== index);
    if (double)
      throw new Error(`The broker's configuration is not valid:\n  ${where}: the name "${double}" is given twice`);
  }
}

function warnAboutEmulatorLimits({ Queues, Topics }: NamespaceConfig, warn: (message: string) => void): void {
  const entityCount = Queues.length + Topics.length;
  if (entityCount > EMULATOR_MAX_ENTITIES) {
    warn(`The official emulator takes at most ${EMULATOR_MAX_ENTITIES} queues and topics; here are ${entityCount}.`);
  }
  const subscriptions = Topics.flatMap((topic) => topic.Subscriptions);
  for (const { Name, Properties } of [...Queues, ...Topics, ...subscriptions]) {
    for (const [key, value] of Object.entries(Properties)) {
      const range = EMULATOR_RANGES[key];
      if (range && typeof value === 'number' && (value < range.min || value > range.max)) {
        warn(`"${Name}": ${key} is outside what the official emulator takes (${range.text}); it is used as given.`);
      }
    }
  }
}

function pathText(path: PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text ? `${text}.${String(key)}` : String(key)),
    '',
  );
}
