/**
 * How query values compare, sort and become keys. Undefined propagates: most operations on it are undefined
 * themselves.
 */
import { isObject, type Json } from '../json.js';
import type { Value } from './ast.js';

/** Order of types in ORDER BY. https://learn.microsoft.com/azure/cosmos-db/nosql/query/order-by */
function typeRank(value: Value): number {
  if (value === undefined) return 0;
  if (value === null) return 1;
  if (typeof value === 'boolean') return 2;
  if (typeof value === 'number') return 3;
  if (typeof value === 'string') return 4;
  return Array.isArray(value) ? 5 : 6;
}

/** Total order for ORDER BY, MIN and MAX: by type, then by value; arrays and objects by their canonical text. */
export function compareValues(left: Value, right: Value): number {
  const ranks = typeRank(left) - typeRank(right);
  if (ranks !== 0) return ranks;
  const [a, b] = isScalar(left) && isScalar(right) ? [left, right] : [keyOf(left), keyOf(right)];
  if (a === b || a === null || b === null) return 0;
  return a < b ? -1 : 1;
}

export const isScalar = (value: Value): value is null | boolean | number | string =>
  value !== undefined && (value === null || typeof value !== 'object');

/** Text that is equal exactly for deeply equal values, whatever the order of properties. */
export function keyOf(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(keyOf).join()}]`;
  if (isObject(value)) {
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${keyOf(value[name])}`).join()}}`;
  }
  return JSON.stringify(value) ?? 'undefined';
}

export const sameValue = (left: Json, right: Json): boolean =>
  left === right || (!isScalar(left) && !isScalar(right) && keyOf(left) === keyOf(right));

/** `=`: undefined when either side is; values of different types are not equal. */
export const equal = (left: Value, right: Value): boolean | undefined =>
  left === undefined || right === undefined ? undefined : sameValue(left, right);

/** `<`, `<=`, `>`, `>=`: only scalars of the same type have an order, everything else is undefined. */
export function ordered(left: Value, right: Value, holds: (difference: number) => boolean): boolean | undefined {
  if (!isScalar(left) || !isScalar(right) || typeRank(left) !== typeRank(right)) return undefined;
  return holds(compareValues(left, right));
}

/** Three-valued logic: false decides AND and true decides OR even beside undefined. */
export function and(left: Value, right: Value): boolean | undefined {
  if (left === false || right === false) return false;
  return left === true && right === true ? true : undefined;
}

export function or(left: Value, right: Value): boolean | undefined {
  if (left === true || right === true) return true;
  return left === false && right === false ? false : undefined;
}

export const not = (value: Value): boolean | undefined => (typeof value === 'boolean' ? !value : undefined);
