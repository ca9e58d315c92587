/**
 * Partition keys in their stored form: the JSON array of their values, with `{}` where the document has none, as on
 * the wire.
 */
import { badRequest, CosmosError } from './errors.js';
import { isObject, type Json, type JsonObject, parseJson, valueAtPath } from './json.js';

/** Which partitions a request is about: one, or all that start with the given values of a hierarchical key. */
export interface PartitionScope {
  key: string;
  isPrefix: boolean;
}

/** The service's substatus for a key that differs between header and document. */
const PARTITION_KEY_MISMATCH = 1001;

/** The stored key of a document. Arrays and objects can't be partition keys. */
export function partitionKeyOf(document: JsonObject, paths: readonly string[]): string {
  return JSON.stringify(paths.map((path) => partOf(valueAtPath(document, path), path)));
}

function partOf(value: Json | undefined, path: string): Json {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null)
    throw badRequest(`Partition key value at ${path} must be a string, number, boolean or null.`);
  return value;
}

/** Reads the x-ms-documentdb-partitionkey header, a JSON array such as `["team-a"]` or `[{}]`. */
export function parsePartitionKey(header: string, paths: readonly string[]): PartitionScope {
  const invalid = () => badRequest(`Partition key ${header} is invalid: expected up to ${paths.length} JSON values.`);
  const parts = parseJson(header, invalid);
  if (!Array.isArray(parts) || parts.length > paths.length) throw invalid();
  if (parts.some((part) => Array.isArray(part) || (isObject(part) && Object.keys(part).length > 0))) throw invalid();
  return { key: JSON.stringify(parts), isPrefix: parts.length < paths.length };
}

/** An item operation needs the whole key. */
export function requireFullKey(scope: PartitionScope | undefined): string {
  if (!scope || scope.isPrefix) throw badRequest('PartitionKey value must be supplied for this operation.');
  return scope.key;
}

export function requireSameKey(document: JsonObject, paths: readonly string[], expected: string): void {
  if (partitionKeyOf(document, paths) === expected) return;
  const message = "PartitionKey extracted from document doesn't match the one specified in the header.";
  throw new CosmosError(400, message, { substatus: PARTITION_KEY_MISMATCH });
}
