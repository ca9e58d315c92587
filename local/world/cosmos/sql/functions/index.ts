/** All built-in functions by name, in upper case: names are not case-sensitive. */
import { arrayFunctions, dateFunctions, numberFunctions, typeFunctions } from './others.js';
import { stringFunctions } from './strings.js';
import type { SqlFunction } from './table.js';

export const functions: ReadonlyMap<string, SqlFunction> = new Map(
  [typeFunctions, numberFunctions, stringFunctions, arrayFunctions, dateFunctions].flatMap(Object.entries<SqlFunction>),
);
