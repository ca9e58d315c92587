/** `GET operations`, `GET operations/{id}`: follow what hai does. `POST operations/{id}/cancel` and `/retry`: decide about it. */
import { cancelOperation, retryOperation } from '../../shared/application/decide.js';
import { readOperation, readPlan } from '../../shared/application/documents.js';
import type { Services } from '../../shared/application/services.js';
import {
  type ApiBase,
  type OperationView,
  operationSummary,
  operationUrl,
  operationView,
  ROUTES,
} from '../../shared/contracts/api.js';
import { partitionOf, slugOf } from '../../shared/model/naming.js';
import {
  isAtRest,
  OPERATION_PHASES,
  type OperationDocument,
  retryAfterSeconds,
  statusOf,
} from '../../shared/model/operation.js';
import { ProblemError, problem } from '../../shared/model/problem.js';
import { isKnown } from './etag.js';
import { nextLink, pageKey } from './paging.js';
import { implementRoute } from './route.js';

implementRoute(ROUTES.listOperations, async ({ request, query, base, services }) => {
  const { team, kind, status, maxpagesize, continuation } = query;
  const filter = {
    partition: team?.startsWith('team-') ? slugOf(team) : team,
    kind,
    phases: status && OPERATION_PHASES.filter((phase) => statusOf(phase) === status),
  };
  const page = await services.store.listOperations(filter, maxpagesize, pageKey(continuation, 2));
  return {
    status: 200,
    body: {
      value: page.items.map((operation) => operationSummary(operation, base)),
      nextLink: nextLink(request, base, page.next),
    },
  };
});

implementRoute(ROUTES.readOperation, async ({ request, base, services }) => {
  const id = idOf(request.params);
  const found = await readOperation(services.store, id);
  if (!found) throw notFound(id);
  const { document, etag } = found;
  const headers = { etag, ...retryAfter(document, services) };
  if (isKnown(request, etag)) return { status: 304, headers };
  return { status: 200, headers, body: operationView(document, await titlesOf(document, services), base) };
});

implementRoute(ROUTES.cancelOperation, async ({ request, base, services }) =>
  answerWith(await cancelOperation(idOf(request.params), services), base, services),
);

implementRoute(ROUTES.retryOperation, async ({ request, caller, base, services }) => {
  const origin = { door: 'http' as const, requestedBy: caller.id };
  return answerWith(await retryOperation(idOf(request.params), origin, services), base, services);
});

interface OperationAnswer {
  status: 200 | 202;
  body: OperationView;
  headers: Record<string, string>;
}

/** The status monitor: 202 with where to look next, or 200 with the end. */
export async function answerWith(
  operation: OperationDocument,
  base: ApiBase,
  services: Services,
): Promise<OperationAnswer> {
  return {
    // What is at rest has nothing to wait for.
    status: isAtRest(operation.phase) ? 200 : 202,
    body: operationView(operation, await titlesOf(operation, services), base),
    headers: { 'operation-location': operationUrl(base, operation.id), ...retryAfter(operation, services) },
  };
}

const titlesOf = async ({ id }: OperationDocument, { store }: Services): Promise<string[]> =>
  (await readPlan(store, id))?.document.titles ?? [];

function retryAfter(operation: OperationDocument, { clock }: Services): Record<string, string> {
  const seconds = retryAfterSeconds(operation, clock.now());
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}

/** The id tells the partition, so one that cannot be an id is not looked for. */
function idOf({ id = '' }: Record<string, string>): string {
  if (/^[a-z0-9_.-]{1,80}_[0-9A-Z]{26}$/.test(id) && partitionOf(id).length > 0) return id;
  throw notFound(id);
}

const notFound = (id: string): ProblemError =>
  new ProblemError(problem('not-found', `There is no operation "${id.slice(0, 100)}".`));
