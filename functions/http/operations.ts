/** `GET operations` and `GET operations/{id}`: follow what hai does. */
import { operationSummary, operationView, ROUTES } from '../../shared/contracts/api.js';
import { partitionOf, slugOf } from '../../shared/model/naming.js';
import { type OperationPhase, retryAfterSeconds, statusOf } from '../../shared/model/operation.js';
import { ProblemError, problem } from '../../shared/model/problem.js';
import { nextLink } from './paging.js';
import { implementRoute } from './route.js';

const PHASES: OperationPhase[] = ['accepted', 'running', 'unwinding', 'succeeded', 'failed', 'stuck'];

implementRoute(ROUTES.listOperations, async ({ request, query, base, services }) => {
  const { team, kind, status, maxpagesize, continuation } = query;
  const filter = {
    team: team?.startsWith('team-') ? slugOf(team) : team,
    kind,
    phases: status && PHASES.filter((phase) => statusOf(phase) === status),
  };
  const page = await services.operations.list(filter, maxpagesize, continuation);
  return {
    status: 200,
    body: {
      value: page.operations.map((operation) => operationSummary(operation, base)),
      nextLink: nextLink(request, page.continuation),
    },
  };
});

implementRoute(ROUTES.readOperation, async ({ request, base, services }) => {
  const id = request.params['id'] ?? '';
  const found = isOperationId(id) ? await services.operations.read(id) : undefined;
  if (!found) throw new ProblemError(problem('not-found', `There is no operation "${id.slice(0, 100)}".`));
  const { document, etag } = found;
  const retryAfter = retryAfterSeconds(document, services.clock.now());
  const headers = { etag, ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }) };
  if (request.headers.get('if-none-match') === etag) return { status: 304, headers };
  return { status: 200, headers, body: operationView(document, base) };
});

/** The id tells the partition, so one that cannot be an id is not looked for. */
const isOperationId = (id: string): boolean =>
  /^[a-z0-9_.-]{1,80}_[0-9A-Z]{26}$/.test(id) && partitionOf(id).length > 0;
