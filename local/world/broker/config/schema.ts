/**
 * The shape of the official emulator's config.json. Unknown keys are refused: a misspelt property would silently mean
 * its default.
 * https://learn.microsoft.com/azure/service-bus-messaging/test-locally-with-service-bus-emulator
 */
import { z } from 'zod';
import { CORRELATION_FIELDS } from '../filters/correlation-filter.js';
import { sqlAction } from '../filters/sql-action.js';
import { sqlFilter } from '../filters/sql-filter.js';
import { parseDuration } from './duration.js';

/** Like the service: letters, digits, `.`, `-`, `_`, `/` and `~`, beginning and ending with a letter, digit or `_`. */
const NAME = /^[A-Za-z0-9_](?:[\w.\-/~]*[A-Za-z0-9_])?$/;
const QUEUE_NAME_MAX = 260;
const SUBSCRIPTION_NAME_MAX = 50;

const name = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .regex(NAME, 'must be letters, digits and . - _ / ~, and begin and end with a letter, a digit or _');

const duration = z.string().transform((text, context) => {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) context.addIssue(`"${text}" is not an ISO 8601 duration such as PT1M or P14D`);
  return durationMs ?? z.NEVER;
});

/** Accepted when it asks for nothing: official files spell these keys out. */
const absent = (feature: string) => z.literal('', `${feature} is not simulated: leave it out`).optional();

const correlationFilter = z.strictObject({
  ...(Object.fromEntries(Object.keys(CORRELATION_FIELDS).map((key) => [key, z.string().optional()])) as Record<
    keyof typeof CORRELATION_FIELDS,
    z.ZodOptional<z.ZodString>
  >),
  Properties: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

const sqlExpression = (parse: (text: string) => unknown) =>
  z.string().superRefine((expression, context) => {
    try {
      parse(expression);
    } catch (error) {
      context.addIssue((error as Error).message);
    }
  });

const action = z.strictObject({ SqlExpression: sqlExpression(sqlAction) }).optional();

const rule = z.strictObject({
  Name: name(SUBSCRIPTION_NAME_MAX).or(z.literal('$Default')),
  Properties: z.discriminatedUnion('FilterType', [
    z.strictObject({
      FilterType: z.literal('Correlation'),
      CorrelationFilter: correlationFilter,
      Action: action,
    }),
    z.strictObject({
      FilterType: z.literal('Sql'),
      SqlFilter: z.strictObject({ SqlExpression: sqlExpression(sqlFilter) }),
      Action: action,
    }),
  ]),
});

const deliveryProperties = {
  DeadLetteringOnMessageExpiration: z.boolean().optional(),
  DefaultMessageTimeToLive: duration.optional(),
  ForwardDeadLetteredMessagesTo: absent('forwarding'),
  ForwardTo: absent('forwarding'),
  LockDuration: duration.optional(),
  MaxDeliveryCount: z.int().min(1).optional(),
  RequiresSession: z.boolean().optional(),
};

const duplicateProperties = {
  DuplicateDetectionHistoryTimeWindow: duration.optional(),
  RequiresDuplicateDetection: z.boolean().optional(),
};

const queue = z.strictObject({
  Name: name(QUEUE_NAME_MAX),
  Properties: z.strictObject({ ...deliveryProperties, ...duplicateProperties }).default({}),
});

const subscription = z.strictObject({
  Name: name(SUBSCRIPTION_NAME_MAX),
  Properties: z.strictObject(deliveryProperties).default({}),
  Rules: z.array(rule).default([]),
});

const topic = z.strictObject({
  Name: name(QUEUE_NAME_MAX),
  Properties: z.strictObject({ DefaultMessageTimeToLive: duration.optional(), ...duplicateProperties }).default({}),
  Subscriptions: z.array(subscription).default([]),
});

const namespace = z.strictObject({
  Name: z.string(),
  Queues: z.array(queue).default([]),
  Topics: z.array(topic).default([]),
});

/** Other top-level keys are ignored: the same file may declare other things. */
export const configSchema = z.object({
  UserConfig: z.strictObject({
    Namespaces: z.array(namespace).length(1, 'must hold exactly one namespace'),
    Logging: z.unknown().optional(),
  }),
});

export type NamespaceConfig = z.output<typeof namespace>;
export type QueueConfig = z.output<typeof queue>;
export type TopicConfig = z.output<typeof topic>;

export type RuleConfig = z.output<typeof rule>;
