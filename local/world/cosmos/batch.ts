/**
 * Several operations in one request: a transactional batch (all or nothing, one partition), or a bulk of independent
 * operations.
 */
import { badRequest, CosmosError } from './errors.js';
import { applyOperation, type ItemOperation, type ItemResult, type ItemScope } from './items.js';
import { isObject, type Json, type JsonObject } from './json.js';
import { parsePartitionKey, requireFullKey } from './partition-key.js';

/** One entry of the answer, in the order of the operations. */
export interface BatchResult {
  statusCode: number;
  subStatusCode?: number;
  requestCharge: number;
  eTag?: string;
  resourceBody?: Json;
  retryAfterMilliseconds?: number;
}

export interface BatchAnswer {
  /** 200 if all succeeded, 207 otherwise. */
  status: 200 | 207;
  results: BatchResult[];
}

/** https://learn.microsoft.com/azure/cosmos-db/concepts-limits#per-request-limits */
const OPERATIONS_MAX = 100;

const FAILED_DEPENDENCY = 424;
const MULTI_STATUS = 207;

const TYPES = ['Create', 'Upsert', 'Replace', 'Patch', 'Read', 'Delete'];

/** Runs all operations in one transaction; the first failure undoes everything and leaves 424 to all others. */
export function runAtomicBatch(scope: ItemScope, body: Json): BatchAnswer {
  const operations = requireOperations(body);
  const parsed = operations.map((operation) => {
    const { partitionKey } = operation;
    if (partitionKey !== undefined && partitionOf(scope, operation) !== scope.partition)
      throw badRequest('All operations of a transactional batch must be in the partition of the batch.');
    return parseOperation(operation);
  });
  const results: BatchResult[] = [];
  try {
    scope.store.transaction(() => {
      for (const each of parsed) results.push(resultOf(applyOperation(scope, each)));
    });
    return { status: 200, results };
  } catch (error) {
    if (!(error instanceof CosmosError)) throw error;
    const failed = results.length;
    return {
      status: MULTI_STATUS,
      results: parsed.map((_, index) => (index === failed ? failureOf(error) : dependencyFailure())),
    };
  }
}

/** Runs each operation in its own partition, one after the other; a failure touches no other operation. */
export function runBulk(scope: Omit<ItemScope, 'partition'>, body: Json, continueOnError: boolean): BatchAnswer {
  const operations = requireOperations(body);
  let stopped = false;
  const results = scope.store.transaction(() =>
    operations.map((operation): BatchResult => {
      if (stopped) return dependencyFailure();
      try {
        const partition = partitionOf(scope, operation);
        const parsed = parseOperation(operation);
        return scope.store.transaction(() => resultOf(applyOperation({ ...scope, partition }, parsed)));
      } catch (error) {
        if (!(error instanceof CosmosError)) throw error;
        stopped = !continueOnError;
        return failureOf(error);
      }
    }),
  );
  return { status: results.every((each) => each.statusCode < 400) ? 200 : MULTI_STATUS, results };
}

function requireOperations(body: Json): JsonObject[] {
  if (!Array.isArray(body) || !body.every(isObject)) throw badRequest('A batch must be an array of operations.');
  if (body.length === 0 || body.length > OPERATIONS_MAX)
    throw badRequest(`A batch has 1 to ${OPERATIONS_MAX} operations, this one has ${body.length}.`);
  return body;
}

/** Operations carry their key as JSON text: `"[\"team-a\"]"`. */
function partitionOf({ container }: Pick<ItemScope, 'container'>, operation: JsonObject): string {
  const { partitionKey } = operation;
  if (typeof partitionKey !== 'string') throw badRequest('The operation needs a partitionKey.');
  return requireFullKey(parsePartitionKey(partitionKey, container.definition.partitionKey.paths));
}

function parseOperation({ operationType, id, resourceBody, ifMatch, ifNoneMatch }: JsonObject): ItemOperation {
  if (typeof operationType !== 'string' || !TYPES.includes(operationType))
    throw badRequest(`'${JSON.stringify(operationType)}' is not a batch operation.`);
  if (!['Create', 'Upsert'].includes(operationType) && typeof id !== 'string')
    throw badRequest(`The ${operationType} operation needs an id.`);
  return { type: operationType, id, body: resourceBody, ifMatch, ifNoneMatch } as ItemOperation;
}

function resultOf({ status, etag, body, requestCharge }: ItemResult): BatchResult {
  return { statusCode: status, requestCharge, eTag: etag, resourceBody: body && (JSON.parse(body) as Json) };
}

function failureOf({ status, details }: CosmosError): BatchResult {
  return {
    statusCode: status,
    subStatusCode: details.substatus,
    requestCharge: 0,
    retryAfterMilliseconds: details.retryAfterMs,
  };
}

const dependencyFailure = (): BatchResult => ({ statusCode: FAILED_DEPENDENCY, requestCharge: 0 });
