/**
 * Turns expressions into functions from a row to a value, so that names, parameters and functions are checked once per
 * query.
 */
import { badRequest } from '../errors.js';
import { isObject, type Json, type JsonObject, ownProperty } from '../json.js';
import { aggregates } from './aggregate.js';
import type { Expression, Query, Value } from './ast.js';
import { functions } from './functions/index.js';
import { finite } from './functions/table.js';
import { likeMatcher } from './like.js';
import { and, equal, not, or, ordered } from './values.js';

/** One row while a query runs: what the aliases stand for, and the results of the query's aggregates for its group. */
export interface Row {
  names: ReadonlyMap<string, Value>;
  aggregates?: readonly Value[];
}

export type Evaluate = (row: Row) => Value;

/** An aggregate call that the compiler found: the executor folds its argument over the group. */
export interface AggregateCall {
  argument: Evaluate;
  fold(values: Value[]): Value;
}

export interface Environment {
  parameters: ReadonlyMap<string, Value>;
  /** World time, for GetCurrentDateTime and its kin. */
  nowMs: number;
}

export interface CompileContext extends Environment {
  /** Aliases that are in scope. */
  names: ReadonlySet<string>;
  /** Collects aggregate calls; absent where aggregates are not allowed. */
  aggregates?: AggregateCall[];
  /** Compiles a query inside an expression: handed down by the executor, which compiles with expressions itself. */
  compileQuery(query: Query, outer: CompileContext): { run(outer: Row): Iterable<Json> };
}

export function compileExpression(expression: Expression, context: CompileContext): Evaluate {
  const compile = (each: Expression) => compileExpression(each, context);
  switch (expression.kind) {
    case 'literal':
      return () => expression.value;
    case 'parameter':
      return compileParameter(expression.name, context);
    case 'name':
      return compileName(expression.name, context);
    case 'member':
      return compileMember(compile(expression.target), compile(expression.property));
    case 'array':
      return compileArray(expression.items.map(compile));
    case 'object':
      return compileObject(expression.entries.map(([name, value]) => [name, compile(value)]));
    case 'unary':
      return compileUnary(expression.operator, compile(expression.operand));
    case 'binary':
      return compileBinary(expression.operator, compile(expression.left), compile(expression.right));
    case 'conditional':
      return compileConditional(compile(expression.test), compile(expression.then), compile(expression.otherwise));
    case 'in':
      return compileIn(compile(expression.value), expression.list.map(compile));
    case 'between':
      return compileBetween(compile(expression.value), compile(expression.low), compile(expression.high));
    case 'like':
      return compileLike(compile(expression.value), compile(expression.pattern), expression.escape);
    case 'call':
      return compileCall(expression.name, expression.arguments, context);
    case 'subquery':
      return compileSubquery(expression, context);
  }
}

function compileParameter(name: string, { parameters }: CompileContext): Evaluate {
  if (!parameters.has(name)) throw badRequest(`The query uses parameter ${name}, which has no value.`);
  const value = parameters.get(name);
  return () => value;
}

function compileName(name: string, { names }: CompileContext): Evaluate {
  if (!names.has(name)) throw badRequest(`Identifier '${name}' could not be resolved.`);
  return (row) => row.names.get(name);
}

function compileMember(target: Evaluate, property: Evaluate): Evaluate {
  return (row) => {
    const parent = target(row);
    const key = property(row);
    if (Array.isArray(parent)) return typeof key === 'number' ? parent[key] : undefined;
    return isObject(parent) && typeof key === 'string' ? ownProperty(parent, key) : undefined;
  };
}

function compileArray(items: Evaluate[]): Evaluate {
  return (row) => items.map((item) => item(row)).filter((item): item is Json => item !== undefined);
}

/** An object without the entries that are undefined. */
export function compileObject(entries: [string, Evaluate][]): (row: Row) => JsonObject {
  return (row) => {
    const defined: [string, Json][] = [];
    for (const [name, evaluate] of entries) {
      const value = evaluate(row);
      if (value !== undefined) defined.push([name, value]);
    }
    return Object.fromEntries(defined);
  };
}

function compileUnary(operator: string, operand: Evaluate): Evaluate {
  if (operator === 'NOT') return (row) => not(operand(row));
  const compute = { '-': (n: number) => -n, '+': (n: number) => n, '~': (n: number) => ~n }[operator]!;
  return (row) => {
    const value = operand(row);
    return typeof value === 'number' ? compute(value) : undefined;
  };
}

const arithmetic =
  (compute: (left: number, right: number) => number) =>
  (left: Value, right: Value): Value =>
    typeof left === 'number' && typeof right === 'number' ? finite(compute(left, right)) : undefined;

const BINARY: Record<string, (left: Value, right: Value) => Value> = {
  '=': equal,
  '!=': (left, right) => not(equal(left, right)),
  '<': (left, right) => ordered(left, right, (difference) => difference < 0),
  '<=': (left, right) => ordered(left, right, (difference) => difference <= 0),
  '>': (left, right) => ordered(left, right, (difference) => difference > 0),
  '>=': (left, right) => ordered(left, right, (difference) => difference >= 0),
  '+': arithmetic((left, right) => left + right),
  '-': arithmetic((left, right) => left - right),
  '*': arithmetic((left, right) => left * right),
  '/': arithmetic((left, right) => left / right),
  '%': arithmetic((left, right) => left % right),
  '&': arithmetic((left, right) => left & right),
  '|': arithmetic((left, right) => left | right),
  '^': arithmetic((left, right) => left ^ right),
  '<<': arithmetic((left, right) => left << right),
  '>>': arithmetic((left, right) => left >> right),
  '>>>': arithmetic((left, right) => left >>> right),
  '||': (left, right) => (typeof left === 'string' && typeof right === 'string' ? left + right : undefined),
};

/** Operators that may not need their right side. */
function compileBinary(operator: string, left: Evaluate, right: Evaluate): Evaluate {
  if (operator === '??') return (row) => replaceUndefined(left(row), right, row);
  if (operator === 'AND') return (row) => shortCut(left(row), false, right, row, and);
  if (operator === 'OR') return (row) => shortCut(left(row), true, right, row, or);
  const compute = BINARY[operator]!;
  return (row) => compute(left(row), right(row));
}

/** The `??` of the dialect: null is a value. */
const replaceUndefined = (left: Value, right: Evaluate, row: Row): Value => (left === undefined ? right(row) : left);

function shortCut(left: Value, decisive: boolean, right: Evaluate, row: Row, combine: typeof and): Value {
  return left === decisive ? decisive : combine(left, right(row));
}

function compileConditional(test: Evaluate, then: Evaluate, otherwise: Evaluate): Evaluate {
  return (row) => (test(row) === true ? then(row) : otherwise(row));
}

function compileIn(value: Evaluate, list: Evaluate[]): Evaluate {
  return (row) => {
    const wanted = value(row);
    return list.reduce<Value>((found, item) => or(found, equal(wanted, item(row))), false);
  };
}

function compileBetween(value: Evaluate, low: Evaluate, high: Evaluate): Evaluate {
  return (row) => {
    const middle = value(row);
    return and(BINARY['>=']!(middle, low(row)), BINARY['<=']!(middle, high(row)));
  };
}

function compileLike(value: Evaluate, pattern: Evaluate, escapeCharacter?: string): Evaluate {
  const matches = likeMatcher();
  return (row) => {
    const [text, wanted] = [value(row), pattern(row)];
    return typeof text === 'string' && typeof wanted === 'string' ? matches(text, wanted, escapeCharacter) : undefined;
  };
}

function compileCall(name: string, args: Expression[], context: CompileContext): Evaluate {
  const fold = aggregates.get(name);
  if (fold) return compileAggregate(name, fold, args, context);
  const known = functions.get(name);
  if (!known) throw badRequest(`'${name}' is not a recognized built-in function name of this server.`);
  const [fewest, most] = known.arity;
  if (args.length < fewest || args.length > most)
    throw badRequest(`The ${name} function requires ${fewest === most ? fewest : `${fewest} to ${most}`} argument(s).`);
  const evaluators = args.map((each) => compileExpression(each, context));
  return (row) =>
    known.apply(
      evaluators.map((evaluate) => evaluate(row)),
      context.nowMs,
    );
}

function compileAggregate(
  name: string,
  fold: AggregateCall['fold'],
  args: Expression[],
  context: CompileContext,
): Evaluate {
  const calls = context.aggregates;
  if (!calls) throw badRequest(`Aggregate ${name} is not allowed here: only in SELECT.`);
  if (args.length !== 1) throw badRequest(`The ${name} function requires 1 argument.`);
  const index = calls.push({ argument: compileExpression(args[0]!, { ...context, aggregates: undefined }), fold }) - 1;
  return (row) => row.aggregates?.[index];
}

function compileSubquery(expression: Extract<Expression, { kind: 'subquery' }>, context: CompileContext): Evaluate {
  const { run } = context.compileQuery(expression.query, { ...context, aggregates: undefined });
  if (expression.use === 'array') return (row) => [...run(row)];
  const first = (row: Row): Value => {
    for (const value of run(row)) return value;
    return undefined;
  };
  return expression.use === 'exists' ? (row) => first(row) !== undefined : first;
}
