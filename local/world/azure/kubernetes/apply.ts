/**
 * Server-side apply: each manager owns the fields it applied; applying again removes what it no longer names, and a field that another
 * manager owns with another value is a conflict. https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
import { isDeepStrictEqual } from 'node:util';
import { StatusError } from './errors.js';
import type { KubernetesObject } from './objects.js';

/** A tree of `f:name` keys as Kubernetes shows it; lists are owned as a whole here. */
interface Fields {
  [field: string]: Fields;
}

interface ManagedFields {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  time: string;
  fieldsType: 'FieldsV1';
  fieldsV1: Fields;
}

type Path = string[];

/** Not owned by anyone: identity and what the server writes. */
const UNOWNED = new Set(['apiVersion', 'kind', 'status']);
const UNOWNED_METADATA = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
]);

export interface Manager {
  name: string;
  operation: ManagedFields['operation'];
  time: string;
}

/** What remains when `manager` applies `wanted` onto `existing`. Throws 409 naming the fields in conflict, unless forced. */
export function applyOnto(
  existing: KubernetesObject | undefined,
  wanted: KubernetesObject,
  manager: Manager,
  force: boolean,
): KubernetesObject {
  const before = (existing?.metadata['managedFields'] ?? []) as ManagedFields[];
  const mine = before.find((entry) => entry.manager === manager.name && entry.operation === manager.operation);
  const others = before.filter((entry) => entry !== mine);
  const owned = ownedFields(wanted);
  const conflicts = existing ? conflicting(existing, wanted, owned, others) : [];
  if (conflicts.length > 0 && !force) throw conflictError(conflicts);
  const result = structuredClone(existing ?? wanted);
  for (const path of leaves(mine?.fieldsV1 ?? {})) {
    if (!has(owned, path) && !others.some(({ fieldsV1 }) => has(fieldsV1, path))) drop(result, path);
  }
  for (const path of leaves(owned)) put(result, path, at(wanted, path));
  const kept = others.map((entry) => ({
    ...entry,
    fieldsV1: withoutPaths(
      entry.fieldsV1,
      conflicts.map(({ path }) => path),
    ),
  }));
  result.metadata['managedFields'] = [...kept, entryOf(wanted, manager)];
  return result;
}

/** The ownership that a create, replace or merge leaves. */
export function entryOf(object: KubernetesObject, manager: Manager): ManagedFields {
  return {
    manager: manager.name,
    operation: manager.operation,
    apiVersion: object.apiVersion,
    time: manager.time,
    fieldsType: 'FieldsV1',
    fieldsV1: ownedFields(object),
  };
}

function conflicting(
  existing: KubernetesObject,
  wanted: KubernetesObject,
  owned: Fields,
  others: readonly ManagedFields[],
) {
  return leaves(owned).flatMap((path) => {
    const owner = others.find(({ fieldsV1 }) => has(fieldsV1, path));
    if (!owner || isDeepStrictEqual(at(existing, path), at(wanted, path))) return [];
    return [{ path, manager: owner.manager }];
  });
}

function conflictError(conflicts: readonly { path: Path; manager: string }[]): StatusError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with "${manager}"`,
    field: `.${path.join('.')}`,
  }));
  const fields = causes.map(({ field }) => field).join(', ');
  const text = `Apply failed with ${causes.length} conflict(s): conflicts with ${conflicts[0]?.manager}: ${fields}`;
  return new StatusError(409, text, 'Conflict', causes);
}

function ownedFields(object: KubernetesObject): Fields {
  const entries = Object.entries(object)
    .filter(([name]) => !UNOWNED.has(name))
    .map(([name, value]) => [
      name,
      name === 'metadata'
        ? Object.fromEntries(Object.entries(value as object).filter(([field]) => !UNOWNED_METADATA.has(field)))
        : value,
    ]);
  return tree(Object.fromEntries(entries));
}

function tree(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([name, inner]) => [`f:${name}`, tree(inner)]));
}

function leaves(fields: Fields, path: Path = []): Path[] {
  return Object.entries(fields).flatMap(([name, inner]) => {
    const here = [...path, name.slice(2)];
    return Object.keys(inner).length === 0 ? [here] : leaves(inner, here);
  });
}

function has(fields: Fields, path: Path): boolean {
  let here: Fields | undefined = fields;
  for (const name of path) here = here?.[`f:${name}`];
  return here !== undefined;
}

function withoutPaths(fields: Fields, paths: readonly Path[]): Fields {
  const copy = structuredClone(fields);
  for (const path of paths)
    drop(
      copy,
      path.map((name) => `f:${name}`),
    );
  return copy;
}

function at(object: unknown, path: Path): unknown {
  return path.reduce((here: unknown, name) => (here as Record<string, unknown> | undefined)?.[name], object);
}

function put(object: Record<string, unknown>, path: Path, value: unknown): void {
  const last = path.at(-1) ?? '';
  let here = object;
  for (const name of path.slice(0, -1)) {
    if (typeof here[name] !== 'object' || here[name] === null) here[name] = {};
    here = here[name] as Record<string, unknown>;
  }
  here[last] = structuredClone(value);
}

function drop(object: Record<string, unknown>, path: Path): void {
  const parent = at(object, path.slice(0, -1)) as Record<string, unknown> | undefined;
  if (parent) delete parent[path.at(-1) ?? ''];
}
