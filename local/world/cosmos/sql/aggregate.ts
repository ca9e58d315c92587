/**
 * The aggregates: each folds the values of one group.
 * https://learn.microsoft.com/azure/cosmos-db/nosql/query/aggregate-functions
 */
import type { Value } from './ast.js';
import { compareValues, isScalar } from './values.js';

const reduceNumbers = (values: Value[], finish: (sum: number, count: number) => Value): Value => {
  const numbers = values.filter((value) => value !== undefined);
  if (numbers.some((value) => typeof value !== 'number')) return undefined;
  return finish(
    numbers.reduce<number>((sum, value) => sum + (value as number), 0),
    numbers.length,
  );
};

const extreme = (values: Value[], isBetter: (difference: number) => boolean): Value => {
  const defined = values.filter((value) => value !== undefined);
  if (!defined.every(isScalar)) return undefined;
  return defined.reduce<Value>(
    (best, value) => (best === undefined || isBetter(compareValues(value, best)) ? value : best),
    undefined,
  );
};

export const aggregates: ReadonlyMap<string, (values: Value[]) => Value> = new Map([
  ['COUNT', (values) => values.filter((value) => value !== undefined).length],
  ['SUM', (values) => reduceNumbers(values, (sum) => sum)],
  ['AVG', (values) => reduceNumbers(values, (sum, count) => (count === 0 ? undefined : sum / count))],
  ['MIN', (values) => extreme(values, (difference) => difference < 0)],
  ['MAX', (values) => extreme(values, (difference) => difference > 0)],
]);
