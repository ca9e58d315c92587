/** Requests on items: single items and batches; queries.ts answers the reads of many. */
import { runAtomicBatch, runBulk } from '../batch.js';
import { badRequest, tooLarge } from '../errors.js';
import type { CosmosOperation } from '../faults.js';
import { applyOperation, type ItemOperation } from '../items.js';
import { requireFullKey } from '../partition-key.js';
import { parseBody } from '../request-body.js';
import { type DocumentScope, enter, partitionScope, versionHeaders } from './document-scope.js';
import { headerOf, isSet, jsonAnswer, type RestAnswer, type RestRequest, requireMethod } from './message.js';
import { planQuery, query, readAll, readChanges } from './queries.js';

/**
 * A batch is one request, with the limit of a request.
 * https://learn.microsoft.com/azure/cosmos-db/concepts-limits#per-request-limits
 */
const BATCH_MAX_BYTES = 2 * 1024 * 1024;

/** `…/docs`: the feed, a query, a batch, or a new item. */
export function handleDocuments(scope: DocumentScope): RestAnswer {
  const { request } = scope;
  refuseTriggers(request);
  if (request.method === 'GET') return headerOf(request, 'a-im') ? readChanges(scope) : readAll(scope);
  requireMethod(request.method, 'POST');
  if (isSet(request, 'x-ms-cosmos-is-query-plan-request')) return planQuery(scope);
  if (isSet(request, 'x-ms-cosmos-is-batch-request')) return batch(scope);
  if (
    isSet(request, 'x-ms-documentdb-isquery') ||
    headerOf(request, 'content-type')?.startsWith('application/query+json')
  )
    return query(scope);
  const type = isSet(request, 'x-ms-documentdb-is-upsert') ? 'Upsert' : 'Create';
  return itemAnswer(scope, { type, body: parseBody(request.body) });
}

const METHOD_TYPES = { GET: 'Read', PUT: 'Replace', PATCH: 'Patch', DELETE: 'Delete' } as const;

/** `…/docs/{id}`: one item. */
export function handleDocument(scope: DocumentScope): RestAnswer {
  const { method, path, body } = scope.request;
  refuseTriggers(scope.request);
  const type = METHOD_TYPES[method as keyof typeof METHOD_TYPES];
  if (!type) requireMethod(method, 'GET');
  const hasBody = type === 'Replace' || type === 'Patch';
  return itemAnswer(scope, { type, id: path[5]!, ...(hasBody ? { body: parseBody(body) } : {}) } as ItemOperation);
}

function itemAnswer(scope: DocumentScope, operation: ItemOperation): RestAnswer {
  const { request, store } = scope;
  const kind: CosmosOperation = operation.type === 'Read' ? 'read' : 'write';
  enter(scope, kind);
  const partition = requireFullKey(partitionScope(scope));
  const preconditions = { ifMatch: headerOf(request, 'if-match'), ifNoneMatch: headerOf(request, 'if-none-match') };
  const apply = () => applyOperation({ ...scope, partition }, { ...operation, ...preconditions });
  const result = kind === 'read' ? apply() : store.transaction(apply);
  const headers: Record<string, string> = {
    ...versionHeaders(scope),
    'x-ms-request-charge': String(result.requestCharge),
  };
  if (result.etag) headers.etag = result.etag;
  return { status: result.status, headers, body: result.body, operation: kind };
}

function batch(scope: DocumentScope): RestAnswer {
  const { request } = scope;
  if (Buffer.byteLength(request.body) > BATCH_MAX_BYTES)
    throw tooLarge(`Request size is too large: a batch may have ${BATCH_MAX_BYTES} bytes.`);
  enter(scope, 'write');
  const body = parseBody(request.body);
  const { status, results } = isSet(request, 'x-ms-cosmos-batch-atomic')
    ? runAtomicBatch({ ...scope, partition: requireFullKey(partitionScope(scope)) }, body)
    : runBulk(scope, body, isSet(request, 'x-ms-cosmos-batch-continue-on-error'));
  const isMinimal = headerOf(request, 'prefer') === 'return=minimal';
  const entries = isMinimal ? results.map((each) => ({ ...each, resourceBody: undefined })) : results;
  const charge = results.reduce((sum, each) => sum + each.requestCharge, 0);
  const headers = { ...versionHeaders(scope), 'x-ms-request-charge': charge.toFixed(2) };
  return { ...jsonAnswer(status, entries, headers), operation: 'write' };
}

const TRIGGER_HEADERS = ['x-ms-documentdb-pre-trigger-include', 'x-ms-documentdb-post-trigger-include'];

function refuseTriggers(request: RestRequest): void {
  if (TRIGGER_HEADERS.some((name) => headerOf(request, name)))
    throw badRequest('Triggers are not supported by this server.');
}
