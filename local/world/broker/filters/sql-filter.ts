/** SQL filters of subscriptions: an expression that only `true` lets pass. */
import type { RuleFilter } from '../engine/rules.js';
import { SqlParser } from './sql-parser.js';

/** @throws SqlFilterError naming the place of the first thing that is wrong or not supported. */
export function sqlFilter(expression: string): RuleFilter {
  const parser = new SqlParser(expression);
  const condition = parser.parseExpression();
  if (!parser.isAtEnd) throw parser.unexpected('the end');
  return (fields) => condition(fields) === true;
}
