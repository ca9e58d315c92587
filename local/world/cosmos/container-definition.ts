/** What a caller says about a container, as options or in a request, and what of it can change later. */
import { badRequest } from './errors.js';
import { isObject, type JsonObject } from './json.js';

/** Absent parts have the service's defaults. */
export interface ContainerDefinition {
  id: string;
  partitionKey: { paths: string[] };
  /** Seconds; -1 switches TTL on without a default; absent switches it off. */
  defaultTtl?: number;
  uniqueKeyPolicy?: { uniqueKeys: { paths: string[] }[] };
}

/** What can't change once a container exists. */
export function checkReplacement(before: ContainerDefinition, after: ContainerDefinition): void {
  const fixed = ({ id, partitionKey, uniqueKeyPolicy }: ContainerDefinition) =>
    JSON.stringify([id, partitionKey.paths, uniqueKeyPolicy?.uniqueKeys.map(({ paths }) => paths) ?? []]);
  if (fixed(before) !== fixed(after))
    throw badRequest(`The id, partition key and unique keys of container ${before.id} can't be changed.`);
}

/** The id of a new database or container. */
export function requireName({ id }: JsonObject): string {
  if (typeof id !== 'string' || !/^[^/\\?#]{1,255}$/.test(id))
    throw badRequest('A database or container needs a valid id.');
  return id;
}

/** Reads a container as clients send it, keeping what this server acts on. */
export function parseDefinition(body: JsonObject): ContainerDefinition {
  const { partitionKey, defaultTtl, uniqueKeyPolicy } = body;
  const paths = isObject(partitionKey) ? pathsOf(partitionKey) : undefined;
  if (!paths) throw badRequest('A container needs partition key paths.');
  if (defaultTtl !== undefined && defaultTtl !== null && !Number.isInteger(defaultTtl))
    throw badRequest('defaultTtl must be a number of seconds, or -1.');
  const uniqueKeys =
    isObject(uniqueKeyPolicy) && Array.isArray(uniqueKeyPolicy.uniqueKeys) ? uniqueKeyPolicy.uniqueKeys : [];
  return {
    id: requireName(body),
    partitionKey: { paths },
    defaultTtl: (defaultTtl ?? undefined) as number | undefined,
    uniqueKeyPolicy: { uniqueKeys: uniqueKeys.map((each) => ({ paths: (isObject(each) && pathsOf(each)) || [] })) },
  };
}

function pathsOf({ paths }: JsonObject): string[] | undefined {
  const isValid =
    Array.isArray(paths) && paths.length > 0 && paths.every((path) => typeof path === 'string' && path.startsWith('/'));
  return isValid ? (paths as string[]) : undefined;
}
