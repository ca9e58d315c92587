/**
 * The values of policy expressions at run time and the conversions between them, failing where C# would. A string,
 * number and boolean are their JavaScript selves, C# `null` is `null`; JSON is wrapped, because a JSON null is not a C#
 * null.
 */

/** Types that the grammar knows: C#'s, Newtonsoft's, and those of the `context` object. */
export type TypeName =
  | 'string'
  | 'int'
  | 'double'
  | 'bool'
  | 'null'
  | 'object'
  | 'JToken'
  | 'JObject'
  | 'JArray'
  | 'Guid'
  | 'DateTime'
  | 'Context'
  | 'Api'
  | 'Operation'
  | 'Product'
  | 'Subscription'
  | 'Request'
  | 'Url'
  | 'Headers'
  | 'Body'
  | 'Response'
  | 'Variables'
  | 'LastError';

/** A value; which of them is possible follows from the static type. */
export type Value = unknown;

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Newtonsoft's JToken. Children share the parent's JSON, so that writing through one is seen by the other. */
export class JToken {
  constructor(readonly json: Json) {}
}

/** An exception of the C# code: the gateway turns it into ExpressionValueEvaluationFailure. */
export class ExpressionFailure extends Error {}

export const isJsonType = (type: TypeName) => type === 'JToken' || type === 'JObject' || type === 'JArray';
export const isNumeric = (type: TypeName) => type === 'int' || type === 'double';

const isJsonObject = (json: Json): json is { [key: string]: Json } =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

/** Parses like `As<JObject>()`; throws ExpressionFailure for invalid JSON, and for JSON of another kind than `type`. */
export function parseJson(text: string, type: TypeName): JToken {
  let token: JToken;
  try {
    token = new JToken(JSON.parse(text) as Json);
  } catch (error) {
    throw new ExpressionFailure(`Error reading ${type} from the body: ${(error as Error).message}`);
  }
  if (!isOfType(token, type))
    throw new ExpressionFailure(`Error reading ${type} from the body: the JSON is of another kind.`);
  return token;
}

/** Whether a boxed value has the type, as `is` would say. */
export function isOfType(value: Value, type: TypeName): boolean {
  if (type === 'object') return true;
  if (type === 'JObject') return value instanceof JToken && isJsonObject(value.json);
  if (type === 'JArray') return value instanceof JToken && Array.isArray(value.json);
  if (type === 'JToken') return value instanceof JToken;
  if (type === 'bool') return typeof value === 'boolean';
  return typeof value === (isNumeric(type) ? 'number' : 'string');
}

/** C#'s `default(T)`. */
export function defaultOf(type: TypeName): Value {
  return isNumeric(type) ? 0 : type === 'bool' ? false : null;
}

/** The cast `(type)value` from `object` or from a JToken. */
export function cast(value: Value, type: TypeName): Value {
  if (value === null) {
    if (isNumeric(type) || type === 'bool')
      throw new ExpressionFailure('Object reference not set to an instance of an object.');
    return null;
  }
  if (value instanceof JToken && !isJsonType(type) && type !== 'object') return castJson(value.json, type);
  if (!isOfType(value, type))
    throw new ExpressionFailure(`Unable to cast object of type '${typeLabel(value)}' to type '${type}'.`);
  return value;
}

/** Newtonsoft's explicit conversions: between primitives, never from an object or an array. */
function castJson(json: Json, type: TypeName): Value {
  const kind = isJsonObject(json) ? 'Object' : Array.isArray(json) ? 'Array' : undefined;
  if (kind) throw new ExpressionFailure(`Can not convert ${kind} to ${type}.`);
  if (type === 'string') return json === null ? null : toText(json);
  if (json === null) throw new ExpressionFailure(`Can not convert Null to ${type}.`);
  if (type === 'bool') {
    if (typeof json === 'boolean') return json;
    if (typeof json === 'number') return json !== 0;
    if (/^(true|false)$/i.test(String(json))) return String(json).toLowerCase() === 'true';
  } else {
    const number = typeof json === 'string' && json.trim() === '' ? Number.NaN : Number(json);
    if (!Number.isNaN(number)) return type === 'int' ? Math.round(number) : number;
  }
  throw new ExpressionFailure(`Can not convert ${JSON.stringify(json)} to ${type}.`);
}

function typeLabel(value: Value): string {
  if (value instanceof JToken)
    return isJsonObject(value.json) ? 'JObject' : Array.isArray(value.json) ? 'JArray' : 'JValue';
  return { string: 'string', number: 'int', boolean: 'bool' }[typeof value as string] ?? 'object';
}

/** C#'s `ToString()`; null becomes the empty text, as in a concatenation. */
export function toText(value: Value): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value instanceof Date) return dateText(value);
  if (!(value instanceof JToken)) return String(value);
  return typeof value.json === 'object' && value.json !== null
    ? JSON.stringify(value.json, null, 2)
    : toText(value.json);
}

/** The invariant culture's general format: `01/05/2026 09:00:00`. */
function dateText(date: Date): string {
  const [year, month, rest] = date.toISOString().split('-', 3) as [string, string, string];
  return `${month}/${rest.slice(0, 2)}/${year} ${rest.slice(3, 11)}`;
}

/** `token[key]`: a missing property is null; indexing a plain value fails. */
export function jsonAt(token: JToken, key: Value): Value {
  const { json } = token;
  if (typeof key === 'string' && isJsonObject(json)) return Object.hasOwn(json, key) ? new JToken(json[key]!) : null;
  if (typeof key === 'number' && Array.isArray(json)) {
    if (key in json) return new JToken(json[key]!);
    throw new ExpressionFailure(
      'Index was out of range. Must be non-negative and less than the size of the collection.',
    );
  }
  throw new ExpressionFailure(`Cannot access child value on ${typeLabel(token)} with '${toText(key)}'.`);
}

/** `token[key] = value`. */
export function setJsonAt(token: JToken, key: Value, value: Value): void {
  const json = value instanceof JToken ? value.json : (value as Json);
  if (typeof key === 'string' && isJsonObject(token.json)) {
    // A plain assignment to "__proto__" would change the prototype, not the document.
    Object.defineProperty(token.json, key, { value: json, writable: true, enumerable: true, configurable: true });
  } else if (typeof key === 'number' && Array.isArray(token.json) && key in token.json) token.json[key] = json;
  else throw new ExpressionFailure(`Set ${typeLabel(token)} values with invalid key value: '${toText(key)}'.`);
}

/** C#'s implicit conversions, as far as the grammar needs them: Newtonsoft converts primitives to a JToken. */
export function isAssignable(from: TypeName, to: TypeName): boolean {
  if (from === to || to === 'object') return true;
  if (from === 'null') return to !== 'bool' && !isNumeric(to);
  if (to === 'JToken') return isJsonType(from) || isNumeric(from) || from === 'string' || from === 'bool';
  return from === 'int' && to === 'double';
}

/** Throws as C# does when a member of null is asked for. */
export function nonNull(value: Value): Value {
  if (value === null || value === undefined) {
    throw new ExpressionFailure('Object reference not set to an instance of an object.');
  }
  return value;
}
