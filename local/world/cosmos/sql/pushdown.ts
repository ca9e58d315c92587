/**
 * Finds the equality conditions on id and partition key that SQLite's indexes can answer; the rest of WHERE runs on
 * the rows.
 */
import type { Expression, Query, Value } from './ast.js';
import { isScalar } from './values.js';

export interface Pushdown {
  /** Only documents with one of these ids can match. */
  ids?: string[];
  /** Only documents of this partition can match: the stored form of its key. */
  partition?: string;
}

export function pushdown(
  query: Query,
  parameters: ReadonlyMap<string, Value>,
  partitionPaths: readonly string[],
): Pushdown {
  const root = query.from[0];
  if (root?.collection.kind !== 'name' || root.each || !query.where) return {};
  const equalities = new Map<string, Value[]>();
  for (const condition of conjuncts(query.where)) {
    const found = equality(condition, root.alias, parameters);
    if (found) equalities.set(found.path, found.values);
  }
  const ids = equalities.get('/id');
  const parts = partitionPaths
    .map((path) => equalities.get(path))
    .map((values) => (values?.length === 1 ? values[0] : undefined));
  return {
    ids: ids?.filter((id) => typeof id === 'string'),
    partition: parts.every(isScalar) ? JSON.stringify(parts) : undefined,
  };
}

function conjuncts(expression: Expression): Expression[] {
  if (expression.kind !== 'binary' || expression.operator !== 'AND') return [expression];
  return [...conjuncts(expression.left), ...conjuncts(expression.right)];
}

/** `c.a.b = value`, `value = c.a.b` or `c.a.b IN (values)`, with constants only. */
function equality(condition: Expression, alias: string, parameters: ReadonlyMap<string, Value>) {
  const constant = (each: Expression): { value: Value } | undefined => {
    if (each.kind === 'literal') return { value: each.value };
    return each.kind === 'parameter' ? { value: parameters.get(each.name) } : undefined;
  };
  const match = (left: Expression, rights: Expression[]) => {
    const path = pathFrom(left, alias);
    const values = rights.map(constant);
    return path && values.every((each) => each !== undefined)
      ? { path, values: values.map((each) => each.value) }
      : undefined;
  };
  if (condition.kind === 'in') return match(condition.value, condition.list);
  if (condition.kind !== 'binary' || condition.operator !== '=') return undefined;
  return match(condition.left, [condition.right]) ?? match(condition.right, [condition.left]);
}

function pathFrom(expression: Expression, alias: string): string | undefined {
  if (expression.kind === 'name') return expression.name === alias ? '' : undefined;
  if (expression.kind !== 'member' || expression.property.kind !== 'literal') return undefined;
  const parent = pathFrom(expression.target, alias);
  const name = expression.property.value;
  const isPlain = parent !== undefined && typeof name === 'string' && !name.includes('/');
  return isPlain ? `${parent}/${name}` : undefined;
}
