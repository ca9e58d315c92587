/**
 * Runs a query clause by clause: FROM and JOIN, WHERE, GROUP BY and aggregates, ORDER BY, SELECT, DISTINCT, OFFSET and
 * LIMIT.
 */
import { badRequest } from '../errors.js';
import type { Json } from '../json.js';
import type { Expression, Query, Select, Source, Value } from './ast.js';
import {
  type AggregateCall,
  type CompileContext,
  compileExpression,
  compileObject,
  type Environment,
  type Evaluate,
  type Row,
} from './compile.js';
import { compareValues, keyOf } from './values.js';

/** From the row around a query (and the documents of the container, at the top) to its results. */
type RunQuery = (outer: Row, documents?: Iterable<Json>) => Iterable<Json>;

export interface CompiledQuery<Run = RunQuery> {
  run: Run;
  /** Each result follows from one document alone, in document order: such a query can be cut into pages as it runs. */
  isStreaming: boolean;
}

type RowSource = (outer: Row, documents?: Iterable<Json>) => Iterable<Row>;

/** Compiles a query over the documents of a container. Throws a 400 for what the query can't mean. */
export function compileTopQuery(
  query: Query,
  environment: Environment,
): CompiledQuery<(documents: Iterable<Json>) => Iterable<Json>> {
  const { run, isStreaming } = compileQuery(query, { ...environment, names: new Set(), compileQuery });
  const noRow: Row = { names: new Map() };
  return { run: (documents) => run(noRow, documents), isStreaming };
}

function compileQuery(query: Query, outer: CompileContext): CompiledQuery {
  const { rows, names } = compileFrom(query.from, outer);
  const inner: CompileContext = { ...outer, names, aggregates: undefined };
  const where = query.where && compileExpression(query.where, inner);
  const calls: AggregateCall[] = [];
  const select = compileSelect(query, { ...inner, aggregates: calls });
  const keys = query.groupBy.map((each) => compileExpression(each, inner));
  const isGrouped = keys.length > 0 || calls.length > 0;
  if (isGrouped && query.orderBy.length > 0) throw badRequest('ORDER BY is not supported with GROUP BY or aggregates.');
  const order = compileOrder(query, inner);
  const [top, offset, limit] = [query.top, query.offset, query.limit].map((each) => each && rowCount(each, inner));

  function* run(row: Row, documents?: Iterable<Json>): Iterable<Json> {
    let found = filter(rows(row, documents), where);
    if (isGrouped) found = group(found, keys, calls, row);
    if (order) found = [...found].sort(order);
    let results = selectAll(found, select);
    if (query.distinct) results = unique(results);
    yield* slice(results, offset ?? 0, Math.min(top ?? Number.POSITIVE_INFINITY, limit ?? Number.POSITIVE_INFINITY));
  }
  const isSlicedOrSorted = order !== undefined || query.distinct || top !== undefined || limit !== undefined;
  const readsDocuments = query.from.length > 0 && query.from[0]!.collection.kind !== 'query';
  return { run, isStreaming: readsDocuments && !isGrouped && !isSlicedOrSorted };
}

/** Nested loops over the sources; each alias is visible to the sources after it. */
function compileFrom(sources: Source[], context: CompileContext): { rows: RowSource; names: Set<string> } {
  const names = new Set(context.names);
  let rows: RowSource = (outer) => [outer];
  sources.forEach((source, index) => {
    const values = compileSource(source, { ...context, names: new Set(names) }, index === 0);
    const previous = rows;
    rows = function* (outer, documents) {
      for (const row of previous(outer, documents))
        for (const value of values(row, documents))
          yield { names: new Map(row.names).set(source.alias, value), aggregates: row.aggregates };
    };
    names.add(source.alias);
  });
  return { rows, names };
}

function compileSource(source: Source, context: CompileContext, isFirst: boolean) {
  const collections = compileCollection(source.collection, context, isFirst);
  return function* (row: Row, documents?: Iterable<Json>): Iterable<Value> {
    for (const value of collections(row, documents)) {
      if (!source.each) {
        if (value !== undefined) yield value;
      } else if (Array.isArray(value)) yield* value;
    }
  };
}

/**
 * A subquery, a path from an alias, or (first, at the top) a path from the container, whatever name the query gives
 * it.
 */
function compileCollection(collection: Source['collection'], context: CompileContext, isFirst: boolean) {
  if (collection.kind === 'query') return compileQuery(collection.query, context).run;
  const root = rootName(collection);
  const isContainer = isFirst && !context.names.has(root) && context.names.size === 0;
  const names = isContainer ? new Set([root]) : context.names;
  const evaluate = compileExpression(collection, { ...context, names });
  if (!isContainer) return (row: Row): Iterable<Value> => [evaluate(row)];
  return function* (_: Row, documents: Iterable<Json> = []): Iterable<Value> {
    for (const document of documents) yield evaluate({ names: new Map([[root, document]]) });
  };
}

function rootName(path: Expression): string {
  if (path.kind === 'member') return rootName(path.target);
  if (path.kind === 'name') return path.name;
  throw badRequest('FROM and JOIN need the container, a path, or a subquery.');
}

function compileSelect(query: Query, context: CompileContext): Evaluate {
  const { select, from } = query;
  if (select.kind === 'value') return compileExpression(select.expression, context);
  if (select.kind === 'list') return compileObject(namedItems(select.items, context));
  if (from.length !== 1) throw badRequest("'SELECT *' is only valid with a single input set: name what to select.");
  return (row) => row.names.get(from[0]!.alias);
}

/** `c.name` is called `name`; what has no name is called `$1`, `$2`, in order. */
function namedItems(items: Extract<Select, { kind: 'list' }>['items'], context: CompileContext): [string, Evaluate][] {
  const used = new Set<string>();
  let unnamed = 0;
  return items.map(({ expression, alias }) => {
    const name = alias ?? ownName(expression) ?? `$${++unnamed}`;
    if (used.has(name)) throw badRequest(`Cannot define property '${name}' more than once: give it an alias.`);
    used.add(name);
    return [name, compileExpression(expression, context)];
  });
}

function ownName(expression: Expression): string | undefined {
  if (expression.kind === 'name') return expression.name;
  const property = expression.kind === 'member' ? expression.property : undefined;
  return property?.kind === 'literal' && typeof property.value === 'string' ? property.value : undefined;
}

function compileOrder(query: Query, context: CompileContext): ((left: Row, right: Row) => number) | undefined {
  if (query.orderBy.length === 0) return undefined;
  const keys = query.orderBy.map(({ expression, descending }) => {
    if (expression.kind !== 'member') throw badRequest('ORDER BY needs a document path, such as c.createdAt.');
    return { evaluate: compileExpression(expression, context), sign: descending ? -1 : 1 };
  });
  return (left, right) => {
    for (const { evaluate, sign } of keys) {
      const difference = compareValues(evaluate(left), evaluate(right));
      if (difference !== 0) return sign * difference;
    }
    return 0;
  };
}

function rowCount(expression: Expression, context: CompileContext): number {
  const count = compileExpression(expression, { ...context, names: new Set() })({ names: new Map() });
  if (!Number.isInteger(count) || (count as number) < 0)
    throw badRequest('TOP, OFFSET and LIMIT need a number of rows that is not negative.');
  return count as number;
}

function* filter(rows: Iterable<Row>, where?: Evaluate): Iterable<Row> {
  for (const row of rows) if (!where || where(row) === true) yield row;
}

/** One row per group, with the first row's names; without GROUP BY all rows are one group, even when there are none. */
function* group(rows: Iterable<Row>, keys: Evaluate[], calls: AggregateCall[], outer: Row): Iterable<Row> {
  const groups = new Map<string, { first: Row; values: Value[][] }>();
  const open = (first: Row) => ({ first, values: calls.map(() => []) });
  if (keys.length === 0) groups.set('', open(outer));
  for (const row of rows) {
    const key = keys.map((evaluate) => keyOf(evaluate(row))).join();
    const members = groups.get(key) ?? open(row);
    groups.set(key, members);
    for (const [index, call] of calls.entries()) members.values[index]!.push(call.argument(row));
  }
  for (const { first, values } of groups.values())
    yield { names: first.names, aggregates: calls.map((call, index) => call.fold(values[index]!)) };
}

function* selectAll(rows: Iterable<Row>, select: Evaluate): Iterable<Json> {
  for (const row of rows) {
    const value = select(row);
    if (value !== undefined) yield value;
  }
}

function* unique(values: Iterable<Json>): Iterable<Json> {
  const seen = new Set<string>();
  for (const value of values) {
    const key = keyOf(value);
    if (!seen.has(key)) yield value;
    seen.add(key);
  }
}

function* slice(values: Iterable<Json>, offset: number, limit: number): Iterable<Json> {
  if (limit === 0) return;
  let index = 0;
  for (const value of values) {
    if (index++ < offset) continue;
    yield value;
    if (index >= offset + limit) return;
  }
}
