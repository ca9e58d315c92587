/**
 * Partial document update: add, set, replace, remove, incr and move on JSON pointers.
 * https://learn.microsoft.com/azure/cosmos-db/partial-document-update
 */
import { badRequest, CosmosError } from './errors.js';
import { isObject, type Json, type JsonObject, ownProperty } from './json.js';

export interface PatchOperation {
  op: 'add' | 'set' | 'replace' | 'remove' | 'incr' | 'move';
  path: string;
  /** Source of a move. */
  from?: string;
  value?: Json;
}

export interface Patch {
  operations: PatchOperation[];
  /** A query without SELECT, such as `from c where c.state = 'open'`. */
  condition?: string;
}

/** Most operations in one patch. https://learn.microsoft.com/azure/cosmos-db/partial-document-update-faq */
const OPERATIONS_MAX = 10;

const OPERATION_NAMES = ['add', 'set', 'replace', 'remove', 'incr', 'move'];
const NEEDS_VALUE = ['add', 'set', 'replace', 'incr'];

/** Reads a patch body: an array of operations, or an object with `operations` and `condition`. */
export function parsePatch(body: Json): Patch {
  const { operations, condition } = isObject(body) ? body : { operations: body, condition: undefined };
  if (!Array.isArray(operations) || operations.length === 0) throw badRequest('A patch needs at least one operation.');
  if (operations.length > OPERATIONS_MAX)
    throw badRequest(`The number of patch operations (${operations.length}) exceeds the limit of ${OPERATIONS_MAX}.`);
  if (condition !== undefined && typeof condition !== 'string')
    throw badRequest('The condition of a patch must be a string.');
  return { operations: operations.map(parseOperation), condition };
}

function parseOperation(operation: Json, index: number): PatchOperation {
  const { op, path, from, value } = isObject(operation) ? operation : ({} as JsonObject);
  const isKnown = typeof op === 'string' && OPERATION_NAMES.includes(op);
  if (!isKnown) throw badRequest(`For Operation(${index + 1}): '${JSON.stringify(op)}' is not a patch operation.`);
  if (typeof path !== 'string' || !path.startsWith('/'))
    throw badRequest(`For Operation(${index + 1}): a path that starts with '/' is required.`);
  if (op === 'move' && typeof from !== 'string') throw badRequest(`For Operation(${index + 1}): move needs 'from'.`);
  if (NEEDS_VALUE.includes(op) && value === undefined)
    throw badRequest(`For Operation(${index + 1}): ${op} needs a value.`);
  return { op: op as PatchOperation['op'], path, from: from as string | undefined, value };
}

/**
 * Applies the operations in order and returns the new document; the given one stays as it is. `fixed` paths can't
 * change.
 */
export function applyPatch(document: JsonObject, operations: PatchOperation[], fixed: readonly string[]): JsonObject {
  const patched = structuredClone(document);
  for (const [index, operation] of operations.entries()) {
    try {
      requireChangeable(operation, fixed);
      CHANGES[operation.op](patched, operation);
    } catch (error) {
      throw error instanceof CosmosError ? badRequest(`For Operation(${index + 1}): ${error.message}`) : error;
    }
  }
  return patched;
}

function requireChangeable({ path, from = path }: PatchOperation, fixed: readonly string[]): void {
  for (const changed of [path, from])
    if (fixed.some((each) => each === changed || each.startsWith(`${changed}/`)))
      throw badRequest(`${changed} can't be changed by a patch.`);
}

const CHANGES: Record<PatchOperation['op'], (document: JsonObject, operation: PatchOperation) => void> = {
  add: (document, { path, value }) => add(locate(document, path), value!),
  set: (document, { path, value }) => set(locate(document, path), value!),
  replace: (document, { path, value }) => replace(locate(document, path), value!),
  remove: (document, { path }) => remove(locate(document, path)),
  incr: (document, { path, value }) => increment(locate(document, path), value!),
  move: (document, { path, from }) => move(document, from!, path),
};

/** A place in a document. An index may be the length of its array: the place after the last element. */
type Target = { path: string } & ({ parent: JsonObject; name: string } | { parent: Json[]; index: number });

function locate(document: JsonObject, path: string): Target {
  const names = path.slice(1).split('/').map(unescapePointer);
  const last = names.pop()!;
  let parent: Json | undefined = document;
  for (const name of names) parent = childOf(parent, name);
  if (isObject(parent)) return { path, parent, name: last };
  if (!Array.isArray(parent)) throw badRequest(`The parent of path ${path} does not exist.`);
  const index = indexOf(last, parent);
  if (index === undefined || index > parent.length) throw badRequest(`Array index of path ${path} is out of bounds.`);
  return { path, parent, index };
}

const unescapePointer = (name: string) => name.replaceAll('~1', '/').replaceAll('~0', '~');

function childOf(parent: Json | undefined, name: string): Json | undefined {
  if (Array.isArray(parent)) return parent[indexOf(name, parent) ?? parent.length];
  return isObject(parent) ? ownProperty(parent, name) : undefined;
}

/** The index that a name stands for; `-` is the place after the last element. */
function indexOf(name: string, items: Json[]): number | undefined {
  if (name === '-') return items.length;
  return /^(?:0|[1-9]\d*)$/.test(name) ? Number(name) : undefined;
}

const read = (target: Target): Json | undefined =>
  'name' in target ? ownProperty(target.parent, target.name) : target.parent[target.index];

function requireExisting(target: Target): Json {
  const value = read(target);
  if (value === undefined) throw badRequest(`The operation can only be performed on existing path ${target.path}.`);
  return value;
}

function write(target: Target, value: Json): void {
  if ('index' in target) target.parent[target.index] = value;
  // A plain assignment to `__proto__` would not create a property.
  else
    Object.defineProperty(target.parent, target.name, { value, enumerable: true, writable: true, configurable: true });
}

/** Inserts into arrays, replaces or creates properties. */
function add(target: Target, value: Json): void {
  if ('index' in target) target.parent.splice(target.index, 0, value);
  else write(target, value);
}

/** Replaces array elements, replaces or creates properties. */
function set(target: Target, value: Json): void {
  if ('index' in target) requireExisting(target);
  write(target, value);
}

function replace(target: Target, value: Json): void {
  requireExisting(target);
  write(target, value);
}

function remove(target: Target): void {
  requireExisting(target);
  if ('index' in target) target.parent.splice(target.index, 1);
  else delete target.parent[target.name];
}

function increment(target: Target, by: Json): void {
  const current = read(target) ?? 0;
  if (typeof by !== 'number' || typeof current !== 'number')
    throw badRequest(`Increment needs numbers, at path ${target.path} and as value.`);
  write(target, current + by);
}

function move(document: JsonObject, from: string, path: string): void {
  if (path.startsWith(`${from}/`)) throw badRequest(`${from} can't be moved into itself.`);
  const source = locate(document, from);
  const value = requireExisting(source);
  remove(source);
  add(locate(document, path), value);
}
