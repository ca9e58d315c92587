/** Type checks, numbers, arrays and dates. https://learn.microsoft.com/azure/cosmos-db/nosql/query/functions */
import { isObject, type Json, ownProperty } from '../../json.js';
import { isScalar, keyOf, sameValue } from '../values.js';
import { check, type FunctionTable, onArray, onNumber, onNumbers } from './table.js';

const ALL_ARGUMENTS = 100;

export const typeFunctions: FunctionTable = {
  IS_DEFINED: check((value) => value !== undefined),
  IS_NULL: check((value) => value === null),
  IS_STRING: check((value) => typeof value === 'string'),
  IS_NUMBER: check((value) => typeof value === 'number'),
  IS_INTEGER: check((value) => Number.isInteger(value)),
  IS_BOOL: check((value) => typeof value === 'boolean'),
  IS_ARRAY: check((value) => Array.isArray(value)),
  IS_OBJECT: check(isObject),
  IS_PRIMITIVE: check(isScalar),
  IIF: { arity: [3, 3], apply: ([test, then, otherwise]) => (test === true ? then : otherwise) },
};

export const numberFunctions: FunctionTable = {
  ABS: onNumber(Math.abs),
  CEILING: onNumber(Math.ceil),
  FLOOR: onNumber(Math.floor),
  TRUNC: onNumber(Math.trunc),
  SIGN: onNumber(Math.sign),
  SQRT: onNumber(Math.sqrt),
  SQUARE: onNumber((value) => value * value),
  EXP: onNumber(Math.exp),
  LOG10: onNumber(Math.log10),
  POWER: onNumbers((base, exponent) => base ** exponent),
  ROUND: onNumber((value) => Math.sign(value) * Math.round(Math.abs(value))),
};

export const arrayFunctions: FunctionTable = {
  ARRAY_LENGTH: onArray((items) => items.length),
  ARRAY_CONTAINS: {
    arity: [2, 3],
    apply: ([items, wanted, partial]) => {
      if (!Array.isArray(items) || wanted === undefined) return undefined;
      return items.some((item) => (partial === true ? matchesPartly(item, wanted) : sameValue(item, wanted)));
    },
  },
  ARRAY_CONCAT: {
    arity: [2, ALL_ARGUMENTS],
    apply: (args) => (args.every(Array.isArray) ? args.flat(1) : undefined),
  },
  ARRAY_SLICE: {
    arity: [2, 3],
    apply: ([items, start, length]) => {
      if (!Array.isArray(items) || typeof start !== 'number') return undefined;
      const from = start < 0 ? Math.max(0, items.length + start) : start;
      return items.slice(from, typeof length === 'number' ? from + Math.max(0, length) : undefined);
    },
  },
  SETUNION: {
    arity: [2, 2],
    apply: ([left, right]) => (Array.isArray(left) && Array.isArray(right) ? unique([...left, ...right]) : undefined),
  },
  SETINTERSECT: {
    arity: [2, 2],
    apply: ([left, right]) => {
      if (!Array.isArray(left) || !Array.isArray(right)) return undefined;
      const keys = new Set(right.map(keyOf));
      return unique(left).filter((item) => keys.has(keyOf(item)));
    },
  },
};

/** Dates are world time, in the formats of the service. */
export const dateFunctions: FunctionTable = {
  GETCURRENTDATETIME: { arity: [0, 0], apply: (_, nowMs) => withTicks(nowMs) },
  GETCURRENTTIMESTAMP: { arity: [0, 0], apply: (_, nowMs) => nowMs },
  DATETIMETOTIMESTAMP: {
    arity: [1, 1],
    apply: ([text]) => {
      const epochMs = typeof text === 'string' ? Date.parse(text) : Number.NaN;
      return Number.isNaN(epochMs) ? undefined : epochMs;
    },
  },
  TIMESTAMPTODATETIME: {
    arity: [1, 1],
    apply: ([epochMs]) => (typeof epochMs === 'number' ? withTicks(epochMs) : undefined),
  },
};

/** The latest instant that `Date` can tell. */
const EPOCH_MAX_MS = 8.64e15;

/** The service writes seven decimals of a second: `2026-01-05T09:00:00.0000000Z`. */
const withTicks = (epochMs: number) =>
  Math.abs(epochMs) > EPOCH_MAX_MS ? undefined : new Date(epochMs).toISOString().replace('Z', '0000Z');

/** Partial match: an object matches when it has all wanted properties; anything else must be equal. */
function matchesPartly(item: Json, wanted: Json): boolean {
  if (!isObject(item) || !isObject(wanted)) return sameValue(item, wanted);
  return Object.entries(wanted).every(([name, value]) => {
    const own = ownProperty(item, name);
    return own !== undefined && matchesPartly(own, value);
  });
}

const unique = (items: Json[]): Json[] => [...new Map(items.map((item) => [keyOf(item), item])).values()];
