/** JSON values as documents and queries see them. A query value may also be undefined: a path that leads nowhere. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [property: string]: Json;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An own property only: `__proto__` and `constructor` are ordinary names in a document. */
export const ownProperty = (target: JsonObject, name: string): Json | undefined =>
  Object.hasOwn(target, name) ? target[name] : undefined;

/** Follows a path such as `/address/city` (partition keys, unique keys) through objects. */
export function valueAtPath(document: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = document;
  for (const name of path.split('/').slice(1)) value = isObject(value) ? ownProperty(value, name) : undefined;
  return value;
}

/** Parses a body that must be a JSON value; `otherwise` makes the error. */
export function parseJson(text: string, otherwise: () => Error): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw otherwise();
  }
}
