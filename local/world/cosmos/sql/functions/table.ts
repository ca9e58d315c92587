/** The shape of a built-in function, and helpers that make an answer undefined when an argument has the wrong type. */
import type { Json } from '../../json.js';
import type { Value } from '../ast.js';

export interface SqlFunction {
  /** Fewest and most arguments. */
  arity: readonly [number, number];
  /** `nowMs` is world time, for the functions that tell it. */
  apply(args: readonly Value[], nowMs: number): Value;
}

export type FunctionTable = Record<string, SqlFunction>;

export const onNumber = (compute: (value: number) => number): SqlFunction => ({
  arity: [1, 1],
  apply: ([value]) => (typeof value === 'number' ? finite(compute(value)) : undefined),
});

export const onNumbers = (compute: (left: number, right: number) => number): SqlFunction => ({
  arity: [2, 2],
  apply: ([left, right]) =>
    typeof left === 'number' && typeof right === 'number' ? finite(compute(left, right)) : undefined,
});

export const onString = (compute: (value: string) => Value): SqlFunction => ({
  arity: [1, 1],
  apply: ([value]) => (typeof value === 'string' ? compute(value) : undefined),
});

export const onStringAndNumber = (compute: (value: string, number: number) => Value): SqlFunction => ({
  arity: [2, 2],
  apply: ([value, number]) =>
    typeof value === 'string' && typeof number === 'number' ? compute(value, number) : undefined,
});

/** Compares two strings; a third argument `true` ignores case. */
export const stringTest = (test: (value: string, part: string) => boolean): SqlFunction => ({
  arity: [2, 3],
  apply: ([value, part, ignoreCase]) => {
    if (typeof value !== 'string' || typeof part !== 'string') return undefined;
    return ignoreCase === true ? test(value.toLowerCase(), part.toLowerCase()) : test(value, part);
  },
});

export const onArray = (compute: (items: Json[]) => Value): SqlFunction => ({
  arity: [1, 1],
  apply: ([items]) => (Array.isArray(items) ? compute(items) : undefined),
});

/** A type check: never undefined. */
export const check = (test: (value: Value) => boolean): SqlFunction => ({
  arity: [1, 1],
  apply: ([value]) => test(value),
});

/** JSON has no infinity and no NaN: what can't be a number is undefined. */
export const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);
