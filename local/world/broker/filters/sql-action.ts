/**
 * SQL actions of rules: `SET <property> = <expression>` and `REMOVE <property>`, separated by `;`. Each statement sees
 * what the ones before it did.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-rule-action
 */
import type { MessageChanges, MessageFields } from '../engine/message.js';
import type { RuleAction } from '../engine/rules.js';
import { type PropertyName, SqlParser } from './sql-parser.js';
import { SqlFilterError } from './sql-tokens.js';
import type { Expression } from './values.js';

/** https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas (expressions of a rule action). */
const STATEMENTS_MAX = 32;

interface Statement {
  property: PropertyName;
  /** Absent: remove the property. */
  value?: Expression;
}

/** @throws SqlFilterError naming the place of the first thing that is wrong or not supported. */
export function sqlAction(text: string): RuleAction {
  const statements = parseStatements(text);
  return (fields) => {
    const changed: MessageFields = { ...fields, applicationProperties: { ...fields.applicationProperties } };
    const changes: MessageChanges = { system: {}, application: {} };
    for (const { property, value } of statements) {
      const result = value?.(changed);
      if ('system' in property) {
        changed[property.system] = result;
        changes.system[property.system] = result === undefined ? undefined : String(result);
      } else {
        changed.applicationProperties[property.user] = result;
        changes.application[property.user] = result;
      }
    }
    return changes;
  };
}

function parseStatements(text: string): Statement[] {
  const parser = new SqlParser(text);
  const statements = [parseStatement(parser)];
  while (parser.acceptSymbol(';') && !parser.isAtEnd) {
    if (statements.length === STATEMENTS_MAX) {
      throw new SqlFilterError(text, 0, `More than ${STATEMENTS_MAX} statements`);
    }
    statements.push(parseStatement(parser));
  }
  if (!parser.isAtEnd) throw parser.unexpected('";" or the end');
  return statements;
}

function parseStatement(parser: SqlParser): Statement {
  if (parser.acceptWord('REMOVE')) return { property: parser.parseProperty() };
  if (!parser.acceptWord('SET')) throw parser.unexpected('SET or REMOVE');
  const property = parser.parseProperty();
  parser.expectSymbol('=');
  return { property, value: parser.parseExpression() };
}
