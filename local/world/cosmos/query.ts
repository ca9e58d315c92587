/** Queries over a container, page by page; and the condition of a patch, which is a query over one document. */
import { badRequest } from './errors.js';
import { isObject, type Json, type JsonObject } from './json.js';
import type { PartitionScope } from './partition-key.js';
import type { Query, Value } from './sql/ast.js';
import { compileTopQuery } from './sql/execute.js';
import { parseCondition, parseQuery } from './sql/parser.js';
import { pushdown } from './sql/pushdown.js';
import type { ItemFilter } from './store/item-table.js';
import type { Container, Store } from './store/store.js';

export interface QuerySpec {
  query: string;
  parameters: ReadonlyMap<string, Value>;
}

export interface Page {
  documents: Json[];
  /** Text to continue with; absent after the last page. */
  continuation?: string;
}

export interface PageRequest {
  partition?: PartitionScope;
  maxItems: number;
  continuation?: string;
}

export interface QueryScope {
  store: Store;
  container: Container;
  nowMs: number;
}

/**
 * A page ends when it has this much: the service's limit of an answer.
 * https://learn.microsoft.com/azure/cosmos-db/concepts-limits#sql-query-limits
 */
const PAGE_MAX_BYTES = 4 * 1024 * 1024;

/**
 * Where a page starts: at a result of a document (`seq`), or, without documents (0), at a result of the whole query.
 */
interface Position {
  seq: number;
  skip: number;
}

/** Reads a query body: `{ query, parameters: [{ name, value }] }`. */
export function parseQuerySpec(body: Json): QuerySpec {
  if (!isObject(body) || typeof body.query !== 'string') throw badRequest("A query request needs a 'query'.");
  const parameters = new Map<string, Value>();
  for (const each of Array.isArray(body.parameters) ? body.parameters : []) {
    if (!isObject(each) || typeof each.name !== 'string') throw badRequest('A query parameter needs a name.');
    parameters.set(each.name, each.value);
  }
  return { query: body.query, parameters };
}

/** Throws a 400 if the query can't run. */
export function checkQuery(spec: QuerySpec, nowMs: number): void {
  compileTopQuery(parseQuery(spec.query), { parameters: spec.parameters, nowMs });
}

export function runQuery(scope: QueryScope, spec: QuerySpec, request: PageRequest): Page {
  const query = parseQuery(spec.query);
  const { run, isStreaming } = compileTopQuery(query, { parameters: spec.parameters, nowMs: scope.nowMs });
  const filter = filterOf(scope.container, query, spec.parameters, request.partition);
  const start = parsePosition(request.continuation);
  const results = isStreaming
    ? streamed(documents(scope, { ...filter, afterSeq: start.seq - 1 }), run, start)
    : whole(run(bodies(documents(scope, filter))), start);
  return takePage(results, request.maxItems);
}

/** All documents, as a read of the feed gives them. */
export function readFeed(scope: QueryScope, request: PageRequest): Page {
  return runQuery(scope, { query: 'SELECT * FROM c', parameters: new Map() }, request);
}

/** Evaluates `from c where …` on one document. */
export function meetsCondition(condition: string, document: JsonObject, nowMs: number): boolean {
  const { run } = compileTopQuery(parseCondition(condition), { parameters: new Map(), nowMs });
  return [...run([document])].length > 0;
}

function filterOf(
  container: Container,
  query: Query,
  parameters: QuerySpec['parameters'],
  partition?: PartitionScope,
): ItemFilter {
  const found = pushdown(query, parameters, container.definition.partitionKey.paths);
  const pushed = found.partition === undefined ? undefined : { key: found.partition, isPrefix: false };
  return { ids: found.ids, partition: partition ?? pushed };
}

interface Found {
  seq: number;
  document: Json;
}

function* documents({ store, container, nowMs }: QueryScope, filter: ItemFilter): Iterable<Found> {
  for (const row of store.items.scan(container.key, filter, nowMs))
    yield { seq: row.seq, document: JSON.parse(row.body) as Json };
}

function* bodies(found: Iterable<Found>): Iterable<Json> {
  for (const { document } of found) yield document;
}

/** Results with the position of each one. */
type Results = Iterable<{ value: Json; position: Position }>;

function* streamed(found: Iterable<Found>, run: (documents: Json[]) => Iterable<Json>, start: Position): Results {
  for (const { seq, document } of found) {
    let index = 0;
    for (const value of run([document])) {
      if (seq > start.seq || index >= start.skip) yield { value, position: { seq, skip: index } };
      index++;
    }
  }
}

function* whole(results: Iterable<Json>, start: Position): Results {
  let skip = 0;
  for (const value of results) {
    if (skip >= start.skip) yield { value, position: { seq: 0, skip } };
    skip++;
  }
}

/** Takes results until the page is full; the position of the first one that did not fit is the continuation. */
function takePage(results: Results, maxItems: number): Page {
  const page: Page = { documents: [] };
  let bytes = 0;
  for (const { value, position } of results) {
    bytes += JSON.stringify(value).length;
    const isFull = page.documents.length === maxItems || (bytes > PAGE_MAX_BYTES && page.documents.length > 0);
    if (isFull) return { ...page, continuation: `${position.seq}.${position.skip}` };
    page.documents.push(value);
  }
  return page;
}

function parsePosition(continuation: string | undefined): Position {
  if (continuation === undefined) return { seq: 0, skip: 0 };
  const [, seq, skip] = /^(\d{1,15})\.(\d{1,15})$/.exec(continuation) ?? [];
  if (seq === undefined)
    throw badRequest(`The continuation token ${JSON.stringify(continuation)} is not one of this server.`);
  return { seq: Number(seq), skip: Number(skip) };
}
