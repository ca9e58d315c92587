/** Rules as they are declared and stored, and what makes them work: the one way from the former to the latter. */
import type { Rule } from '../engine/rules.js';
import { type CorrelationFilter, correlationFilter } from './correlation-filter.js';
import { sqlAction } from './sql-action.js';
import { sqlFilter } from './sql-filter.js';

export interface RuleDefinition {
  filter: { sql: string } | { correlation: CorrelationFilter };
  /** SQL that changes the subscription's copy. */
  action?: string;
}

/** What a subscription without rules of its own has, under the name that the service gives it. */
export const DEFAULT_RULE = { name: '$Default', definition: { filter: { sql: '1=1' } } };

/** @throws SqlFilterError */
export function compileRule(name: string, definition: RuleDefinition): Rule<RuleDefinition> {
  const { filter, action } = definition;
  return {
    name,
    definition,
    matches: 'sql' in filter ? sqlFilter(filter.sql) : correlationFilter(filter.correlation),
    act: action === undefined ? undefined : sqlAction(action),
  };
}
