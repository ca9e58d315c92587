/** String functions. https://learn.microsoft.com/azure/cosmos-db/nosql/query/functions */
import { isObject, type Json, parseJson } from '../../json.js';
import type { Value } from '../ast.js';
import { isScalar } from '../values.js';
import { type FunctionTable, onString, onStringAndNumber, stringTest } from './table.js';

/** Longest string REPLICATE makes. https://learn.microsoft.com/azure/cosmos-db/nosql/query/replicate */
const REPLICATE_MAX_CHARACTERS = 10_000;

const ALL_ARGUMENTS = 100;

export const stringFunctions: FunctionTable = {
  CONTAINS: stringTest((value, part) => value.includes(part)),
  STARTSWITH: stringTest((value, part) => value.startsWith(part)),
  ENDSWITH: stringTest((value, part) => value.endsWith(part)),
  STRINGEQUALS: stringTest((value, part) => value === part),
  LOWER: onString((value) => value.toLowerCase()),
  UPPER: onString((value) => value.toUpperCase()),
  LENGTH: onString((value) => value.length),
  TRIM: onString((value) => value.trim()),
  LTRIM: onString((value) => value.trimStart()),
  RTRIM: onString((value) => value.trimEnd()),
  REVERSE: onString((value) => [...value].reverse().join('')),
  LEFT: onStringAndNumber((value, count) => value.slice(0, Math.max(0, count))),
  RIGHT: onStringAndNumber((value, count) => (count <= 0 ? '' : value.slice(-count))),
  REPLICATE: onStringAndNumber((value, count) =>
    count < 0 || value.length * count > REPLICATE_MAX_CHARACTERS ? undefined : value.repeat(count),
  ),
  CONCAT: {
    arity: [2, ALL_ARGUMENTS],
    apply: (args) => (args.every((each) => typeof each === 'string') ? args.join('') : undefined),
  },
  SUBSTRING: {
    arity: [3, 3],
    apply: ([value, start, length]) =>
      typeof value === 'string' && typeof start === 'number' && typeof length === 'number'
        ? value.slice(Math.max(0, start), Math.max(0, start) + Math.max(0, length))
        : undefined,
  },
  INDEX_OF: {
    arity: [2, 3],
    apply: ([value, part, start = 0]) =>
      typeof value === 'string' && typeof part === 'string' && typeof start === 'number'
        ? value.indexOf(part, start)
        : undefined,
  },
  REPLACE: {
    arity: [3, 3],
    apply: ([value, part, replacement]) =>
      typeof value === 'string' && typeof part === 'string' && typeof replacement === 'string'
        ? value.replaceAll(part, () => replacement)
        : undefined,
  },
  STRINGSPLIT: {
    arity: [2, 2],
    apply: ([value, by]) => (typeof value === 'string' && typeof by === 'string' ? value.split(by) : undefined),
  },
  TOSTRING: { arity: [1, 1], apply: ([value]) => (typeof value === 'string' ? value : textOf(value)) },
  STRINGTONUMBER: onString((value) => parsed(value, (each) => typeof each === 'number')),
  STRINGTOBOOLEAN: onString((value) => parsed(value, (each) => typeof each === 'boolean')),
  STRINGTONULL: onString((value) => parsed(value, (each) => each === null)),
  STRINGTOARRAY: onString((value) => parsed(value, Array.isArray)),
  STRINGTOOBJECT: onString((value) => parsed(value, isObject)),
};

function textOf(value: Value): Value {
  if (value === undefined) return undefined;
  return isScalar(value) ? String(value) : JSON.stringify(value);
}

function parsed(text: string, isWanted: (value: Json) => boolean): Value {
  try {
    const value = parseJson(text.trim(), () => new Error('not JSON'));
    return isWanted(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
