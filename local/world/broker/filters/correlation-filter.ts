/** Correlation filters: every given value has to equal the message's, case-sensitively. */
import type { MessageFields } from '../engine/message.js';
import type { RuleFilter } from '../engine/rules.js';
import { toValue } from './values.js';

/** Names as the configuration writes them (`Label` is the older name of `Subject`), and the field each one means. */
export const CORRELATION_FIELDS = {
  ContentType: 'contentType',
  CorrelationId: 'correlationId',
  Label: 'subject',
  Subject: 'subject',
  MessageId: 'messageId',
  ReplyTo: 'replyTo',
  ReplyToSessionId: 'replyToSessionId',
  SessionId: 'sessionId',
  To: 'to',
} as const satisfies Record<string, keyof MessageFields>;

export type CorrelationFilter = Partial<Record<keyof typeof CORRELATION_FIELDS, string>> & {
  Properties?: Record<string, string | number | boolean>;
};

export function correlationFilter({ Properties: properties = {}, ...system }: CorrelationFilter): RuleFilter {
  const wantedFields = Object.entries(system).map(
    ([name, value]) => [CORRELATION_FIELDS[name as keyof typeof CORRELATION_FIELDS], value] as const,
  );
  const wantedProperties = Object.entries(properties);
  return (fields) =>
    wantedFields.every(([field, value]) => fields[field] === value) &&
    wantedProperties.every(([name, value]) => toValue(fields.applicationProperties[name]) === value);
}
