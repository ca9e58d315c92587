/** Reads of many items: queries, the feed of a container, and its change feed. */
import { badRequest } from '../errors.js';
import type { Json } from '../json.js';
import { checkQuery, type Page, parseQuerySpec, readFeed, runQuery } from '../query.js';
import { parseBody } from '../request-body.js';
import { queryCharge, readCharge } from '../request-charge.js';
import { containerRid, type DocumentScope, enter, partitionScope, versionHeaders } from './document-scope.js';
import { feed, headerOf, jsonAnswer, type RestAnswer, type RestRequest } from './message.js';

/** Items of a page when the client names no number, and the most it gets when it asks for all (-1). */
const PAGE_DEFAULT_ITEMS = 100;
const PAGE_MAX_ITEMS = 1000;

/** The `A-IM` of the only mode there is, in lower case. */
const LATEST_VERSIONS = 'incremental feed';

/** A query plan that leaves nothing to the client: the server evaluates the whole query. */
const QUERY_PLAN = {
  partitionedQueryExecutionInfoVersion: 2,
  queryInfo: {
    distinctType: 'None',
    orderBy: [],
    orderByExpressions: [],
    groupByExpressions: [],
    groupByAliases: [],
    aggregates: [],
    groupByAliasToAggregateType: {},
    rewrittenQuery: '',
    hasSelectValue: false,
    hasNonStreamingOrderBy: false,
  },
  queryRanges: [{ min: '', max: 'FF', isMinInclusive: true, isMaxInclusive: false }],
};

/** Clients ask for the plan beside the first page, and use it only where they must. */
export function planQuery({ request }: DocumentScope): RestAnswer {
  checkQuery(parseQuerySpec(parseBody(request.body)), request.nowMs);
  return jsonAnswer(200, QUERY_PLAN);
}

export function query(scope: DocumentScope): RestAnswer {
  enter(scope, 'query');
  const spec = parseQuerySpec(parseBody(scope.request.body));
  return pageAnswer(scope, runQuery(scope, spec, pageRequest(scope)));
}

export function readAll(scope: DocumentScope): RestAnswer {
  enter(scope, 'query');
  return pageAnswer(scope, readFeed(scope, pageRequest(scope)));
}

/** The latest versions of what changed since the ETag of the last page: 304 when there is nothing new. */
export function readChanges(scope: DocumentScope): RestAnswer {
  const { store, container, request } = scope;
  enter(scope, 'query');
  const mode = headerOf(request, 'a-im');
  if (mode?.toLowerCase() !== LATEST_VERSIONS)
    throw badRequest(`The change feed mode '${mode}' is not supported by this server: it keeps latest versions only.`);
  const afterLsn = feedPosition(scope);
  const rows = store.items.changes(
    container.key,
    { afterLsn, partition: partitionScope(scope) },
    pageSize(request),
    scope.nowMs,
  );
  const etag = `"${rows.at(-1)?.lsn ?? afterLsn}"`;
  const headers = { ...versionHeaders(scope), etag, 'x-ms-request-charge': String(readCharge(0)) };
  if (rows.length === 0) return { status: 304, headers };
  const documents = rows.map(({ body }) => JSON.parse(body) as Json);
  return feed('Documents', documents, containerRid(scope), headers);
}

/** Where the feed starts: behind the last page, now, at a time, or at the beginning. */
function feedPosition({ store, container, request }: DocumentScope): number {
  const etag = headerOf(request, 'if-none-match');
  if (etag === '*') return store.lsn;
  if (etag !== undefined) {
    const lsn = Number(etag.replaceAll('"', ''));
    if (Number.isSafeInteger(lsn)) return lsn;
    throw badRequest(`If-None-Match ${etag} is not a position of this change feed.`);
  }
  const time = headerOf(request, 'if-modified-since');
  if (time === undefined) return 0;
  const sinceMs = Date.parse(time);
  if (Number.isNaN(sinceMs)) throw badRequest(`If-Modified-Since ${time} is not a time.`);
  return store.items.lastChangeBefore(container.key, sinceMs / 1_000);
}

function pageAnswer(scope: DocumentScope, { documents, continuation }: Page): RestAnswer {
  const headers: Record<string, string> = versionHeaders(scope);
  if (continuation !== undefined) headers['x-ms-continuation'] = continuation;
  const answer = feed('Documents', documents, containerRid(scope), headers);
  answer.headers!['x-ms-request-charge'] = String(queryCharge(answer.body!.length));
  return answer;
}

function pageRequest(scope: DocumentScope) {
  const { request } = scope;
  return {
    partition: partitionScope(scope),
    maxItems: pageSize(request),
    continuation: headerOf(request, 'x-ms-continuation'),
  };
}

function pageSize(request: RestRequest): number {
  const wanted = Number(headerOf(request, 'x-ms-max-item-count') ?? PAGE_DEFAULT_ITEMS);
  if (!Number.isInteger(wanted) || wanted === 0 || wanted < -1)
    throw badRequest('x-ms-max-item-count must be -1 or above 0.');
  return wanted === -1 ? PAGE_MAX_ITEMS : Math.min(wanted, PAGE_MAX_ITEMS);
}
