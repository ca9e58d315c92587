/**
 * The operations on single items, shared by the REST routes and by batches: preconditions, limits, system properties,
 * unique keys.
 */
import { ITEM_MAX_BYTES, requireId, requireTtl, SYSTEM_PROPERTIES, withSystemProperties } from './document.js';
import { badRequest, CosmosError, conflict, notFound, preconditionFailed, tooLarge } from './errors.js';
import { etagOf } from './identity.js';
import { type Json, type JsonObject, valueAtPath } from './json.js';
import { requireSameKey } from './partition-key.js';
import { applyPatch, type Patch, parsePatch } from './patch.js';
import { meetsCondition } from './query.js';
import { requireObject } from './request-body.js';
import { readCharge, writeCharge } from './request-charge.js';
import { keyOf } from './sql/values.js';
import type { ItemRow } from './store/item-table.js';
import type { Container, Store } from './store/store.js';

interface Preconditions {
  ifMatch?: string;
  ifNoneMatch?: string;
}

interface BodyOperation extends Preconditions {
  type: 'Create' | 'Upsert';
  body: Json;
}

interface ChangeOperation extends Preconditions {
  type: 'Replace' | 'Patch';
  id: string;
  body: Json;
}

interface PointOperation extends Preconditions {
  type: 'Read' | 'Delete';
  id: string;
}

export type ItemOperation = BodyOperation | ChangeOperation | PointOperation;

export interface ItemResult {
  status: 200 | 201 | 204 | 304;
  etag?: string;
  /** The item as JSON text. */
  body?: string;
  requestCharge: number;
}

/** Where an operation happens. Writes need a transaction around the call. */
export interface ItemScope {
  store: Store;
  container: Container;
  /** The stored form of the partition key. */
  partition: string;
  /** World time of the request. */
  nowMs: number;
}

export function applyOperation(scope: ItemScope, operation: ItemOperation): ItemResult {
  switch (operation.type) {
    case 'Create':
    case 'Upsert':
      return insertOrReplace(scope, operation, requireObject(operation.body));
    case 'Replace':
      return replace(scope, operation, requireObject(operation.body));
    case 'Patch':
      return patch(scope, operation, parsePatch(operation.body));
    case 'Read':
      return read(scope, operation);
    case 'Delete':
      return remove(scope, operation);
  }
}

function insertOrReplace(scope: ItemScope, operation: BodyOperation, document: JsonObject): ItemResult {
  const id = requireId(document);
  const current = find(scope, id);
  if (current && operation.type === 'Create')
    throw conflict('Entity with the specified id already exists in the system.');
  if (current) checkPreconditions(current, operation);
  return write(scope, document, current, current ? 200 : 201);
}

function replace(scope: ItemScope, operation: ChangeOperation, document: JsonObject): ItemResult {
  const current = requireItem(scope, operation.id);
  checkPreconditions(current, operation);
  if (requireId(document) !== operation.id) throw badRequest("Replacing the attribute 'id' is not allowed.");
  return write(scope, document, current, 200);
}

function patch(scope: ItemScope, operation: ChangeOperation, { operations, condition }: Patch): ItemResult {
  const current = requireItem(scope, operation.id);
  checkPreconditions(current, operation);
  const document = JSON.parse(current.body) as JsonObject;
  if (condition !== undefined && !meetsCondition(condition, document, scope.nowMs)) throw preconditionFailed();
  const fixed = [
    '/id',
    ...scope.container.definition.partitionKey.paths,
    ...SYSTEM_PROPERTIES.map((name) => `/${name}`),
  ];
  return write(scope, applyPatch(document, operations, fixed), current, 200);
}

function read(scope: ItemScope, operation: PointOperation): ItemResult {
  const current = requireItem(scope, operation.id);
  const etag = etagOf(current.lsn);
  const isKnown = operation.ifNoneMatch === '*' || operation.ifNoneMatch === etag;
  if (isKnown) return { status: 304, etag, requestCharge: readCharge(0) };
  return { status: 200, etag, body: current.body, requestCharge: readCharge(current.body.length) };
}

function remove(scope: ItemScope, operation: PointOperation): ItemResult {
  const current = requireItem(scope, operation.id);
  checkPreconditions(current, operation);
  scope.store.nextLsn();
  scope.store.items.delete(current.seq);
  return { status: 204, requestCharge: writeCharge(current.body.length) };
}

function find({ store, container, partition, nowMs }: ItemScope, id: string): ItemRow | undefined {
  return store.items.get(container.key, partition, id, nowMs);
}

function requireItem(scope: ItemScope, id: string): ItemRow {
  const current = find(scope, id);
  if (!current) throw notFound('Entity with the specified id');
  return current;
}

function checkPreconditions(current: ItemRow, { ifMatch, ifNoneMatch }: Preconditions): void {
  const etag = etagOf(current.lsn);
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== etag) throw preconditionFailed();
  if (ifNoneMatch === '*' || ifNoneMatch === etag) throw preconditionFailed();
}

/** Stores a document as the new version of `current`, or as a new item, with the system properties of its version. */
function write(scope: ItemScope, document: JsonObject, current: ItemRow | undefined, status: 200 | 201): ItemResult {
  const { store, container, partition } = scope;
  const { definition } = container;
  requireSameKey(document, definition.partitionKey.paths, partition);
  const ttl = requireTtl(document.ttl);
  store.items.purgeExpired(container.key, scope.nowMs);
  const id = document.id as string;
  const uniqueValues = requireUnique(scope, document, current?.seq);
  const seq = current?.seq ?? store.items.insert(container.key, partition, id);
  const lsn = store.nextLsn();
  const ts = Math.floor(scope.nowMs / 1000);
  const body = JSON.stringify(withSystemProperties(container, document, { seq, lsn, ts }));
  if (Buffer.byteLength(body) > ITEM_MAX_BYTES)
    throw tooLarge(`Request size is too large: an item may have ${ITEM_MAX_BYTES} bytes.`);
  store.items.update(container.key, partition, seq, {
    body,
    lsn,
    ts,
    ttl,
    defaultTtl: definition.defaultTtl,
    uniqueValues,
  });
  return { status, etag: etagOf(lsn), body, requestCharge: writeCharge(body.length) };
}

/** The values of the container's unique keys; missing properties count as null. */
function requireUnique({ store, container, partition }: ItemScope, document: JsonObject, seq?: number): string[] {
  const uniqueKeys = container.definition.uniqueKeyPolicy?.uniqueKeys ?? [];
  return uniqueKeys.map(({ paths }, index) => {
    const value = keyOf(paths.map((path) => valueAtPath(document, path) ?? null));
    if (store.items.isTaken(container.key, partition, index, value, seq))
      throw new CosmosError(409, `Unique index constraint violation on ${paths.join(', ')}.`);
    return value;
  });
}
