/** `GET teams` and `GET teams/{team}`: who has access to what. */
import { readTeam } from '../../shared/application/documents.js';
import { ROUTES, teamView } from '../../shared/contracts/api.js';
import { slugOf, TEAM_NAME } from '../../shared/model/naming.js';
import { ProblemError, problem } from '../../shared/model/problem.js';
import { isKnown } from './etag.js';
import { nextLink, pageKey } from './paging.js';
import { implementRoute } from './route.js';

implementRoute(ROUTES.listTeams, async ({ request, query, base, services }) => {
  const page = await services.store.listTeams(query.maxpagesize, pageKey(query.continuation, 1));
  const value = page.items.map((team) => teamView(team, base));
  return { status: 200, body: { value, nextLink: nextLink(request, base, page.next) } };
});

implementRoute(ROUTES.readTeam, async ({ request, base, services }) => {
  const name = request.params['team'] ?? '';
  const found = TEAM_NAME.test(name) ? await readTeam(services.store, slugOf(name)) : undefined;
  if (!found) throw new ProblemError(problem('not-found', `There is no team "${name.slice(0, 100)}".`));
  const headers = { etag: found.etag };
  if (isKnown(request, found.etag)) return { status: 304, headers };
  return { status: 200, headers, body: teamView(found.document, base) };
});
