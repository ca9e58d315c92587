/**
 * The requests of the SDK's rule manager on a subscription's `$management` node: add, remove and list rules.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response#rule-operations
 */
import type { Typed } from 'rhea';
import type { Rules } from '../engine/rules.js';
import { BrokerError } from '../errors.js';
import type { CorrelationFilter } from '../filters/correlation-filter.js';
import { compileRule, type RuleDefinition } from '../filters/rule.js';
import { SqlFilterError } from '../filters/sql-tokens.js';
import { toValue } from '../filters/values.js';
import type { Answer } from './request-node.js';
import { amqpTypes as types } from './rhea.js';

/** Descriptor codes: with a wrong one the SDK shows an empty list. */
const DESCRIPTOR = {
  ruleDescription: 0x13700000004,
  sqlAction: 0x13700000006,
  emptyAction: 0x1370000005,
  sqlFilter: 0x1370000006,
  correlationFilter: 0x1370000009,
} as const;

/** https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas */
const RULE_NAME_MAX_CHARACTERS = 50;

/** Names in a request, in the order in which an answer lists their values. */
const CORRELATION_KEYS = {
  'correlation-id': 'CorrelationId',
  'message-id': 'MessageId',
  to: 'To',
  'reply-to': 'ReplyTo',
  label: 'Subject',
  'session-id': 'SessionId',
  'reply-to-session-id': 'ReplyToSessionId',
  'content-type': 'ContentType',
} as const satisfies Record<string, keyof CorrelationFilter>;

type Body = Record<string, unknown>;

/** @throws BrokerError when the name is taken, or the SQL wrong. */
export function addRule(rules: Rules, body: Body): Answer {
  const name = String(body['rule-name']);
  if (name.length > RULE_NAME_MAX_CHARACTERS) {
    throw argumentError(`The rule name '${name}' is longer than ${RULE_NAME_MAX_CHARACTERS} characters.`);
  }
  try {
    rules.add(compileRule(name, readDefinition(body['rule-description'] as Body)));
  } catch (error) {
    throw error instanceof SqlFilterError ? argumentError(error.message) : error;
  }
  return { status: 200 };
}

export function removeRule(rules: Rules, body: Body): Answer {
  rules.remove(String(body['rule-name']));
  return { status: 200 };
}

export function listRules(rules: Rules, body: Body): Answer {
  const skip = Number(body['skip']);
  const page = rules.all.slice(skip, skip + Number(body['top']));
  if (page.length === 0) return { status: 204 };
  const described = page.map(({ name, definition }) => ({
    'rule-description': describeRule(name, definition as RuleDefinition),
  }));
  return { status: 200, body: { rules: described } };
}

function readDefinition(description: Body): RuleDefinition {
  const sql = description['sql-filter'] as { expression: string } | undefined;
  const action = description['sql-rule-action'] as { expression: string } | undefined;
  const correlation = description['correlation-filter'] as Body | undefined;
  if (!sql && !correlation) throw argumentError('A rule needs an sql-filter or a correlation-filter.');
  return {
    filter: sql ? { sql: sql.expression } : { correlation: readCorrelation(correlation!) },
    action: action?.expression,
  };
}

function readCorrelation(given: Body): CorrelationFilter {
  const filter: CorrelationFilter = {};
  for (const [key, name] of Object.entries(CORRELATION_KEYS)) {
    if (given[key] !== undefined && given[key] !== null) filter[name] = String(given[key]);
  }
  const properties = Object.entries((given['properties'] ?? {}) as Body).flatMap(([name, raw]) => {
    const value = toValue(raw);
    return value === undefined ? [] : [[name, value] as const];
  });
  return properties.length > 0 ? { ...filter, Properties: Object.fromEntries(properties) } : filter;
}

function describeRule(name: string, { filter, action }: RuleDefinition): Typed {
  const described = 'sql' in filter ? describeSql(filter.sql) : describeCorrelation(filter.correlation);
  const describedAction =
    action === undefined
      ? describe(DESCRIPTOR.emptyAction, [])
      : describe(DESCRIPTOR.sqlAction, [types.wrap_string(action)]);
  return describe(DESCRIPTOR.ruleDescription, [described, describedAction, types.wrap_string(name)]);
}

function describeSql(expression: string): Typed {
  return describe(DESCRIPTOR.sqlFilter, [types.wrap_string(expression)]);
}

/** `Label` is the older name of `Subject`, which configurations may use. */
function describeCorrelation({ Label, Properties, ...fields }: CorrelationFilter): Typed {
  const given = { ...fields, Subject: fields.Subject ?? Label };
  const values = Object.values(CORRELATION_KEYS).map((name) => types.wrap(given[name] ?? null));
  return describe(DESCRIPTOR.correlationFilter, [...values, types.wrap_map(Properties ?? {})]);
}

function describe(code: number, fields: Typed[]): Typed {
  return types.described_nc(types.wrap_ulong(code), types.wrap_list(fields));
}

function argumentError(message: string): BrokerError {
  return new BrokerError('com.microsoft:argument-error', message);
}
