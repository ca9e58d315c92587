/** The syntax tree of a query, as the parser leaves it and the compiler reads it. */
import type { Json } from '../json.js';

/** What an expression yields; undefined is a value of its own in this dialect. */
export type Value = Json | undefined;

export type Expression =
  | { kind: 'literal'; value: Value }
  | { kind: 'parameter'; name: string }
  | { kind: 'name'; name: string }
  | { kind: 'member'; target: Expression; property: Expression }
  | { kind: 'array'; items: Expression[] }
  | { kind: 'object'; entries: [name: string, value: Expression][] }
  | { kind: 'unary'; operator: string; operand: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression }
  | { kind: 'conditional'; test: Expression; then: Expression; otherwise: Expression }
  | { kind: 'in'; value: Expression; list: Expression[] }
  | { kind: 'between'; value: Expression; low: Expression; high: Expression }
  | { kind: 'like'; value: Expression; pattern: Expression; escape?: string }
  | { kind: 'call'; name: string; arguments: Expression[] }
  | { kind: 'subquery'; use: 'scalar' | 'exists' | 'array'; query: Query };

export type Select =
  | { kind: 'star' }
  | { kind: 'value'; expression: Expression }
  | { kind: 'list'; items: { expression: Expression; alias?: string }[] };

/** One `FROM` or `JOIN` entry. `each` iterates an array (`t IN c.tags`), otherwise the collection itself is bound. */
export interface Source {
  alias: string;
  collection: Expression | { kind: 'query'; query: Query };
  each: boolean;
}

export interface Query {
  distinct: boolean;
  top?: Expression;
  select: Select;
  from: Source[];
  where?: Expression;
  groupBy: Expression[];
  orderBy: { expression: Expression; descending: boolean }[];
  offset?: Expression;
  limit?: Expression;
}
