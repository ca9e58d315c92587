/** `GET teams` and `GET teams/{team}`: who has access to what. */
import { readTeam } from '../../shared/application/documents.js';
import { ROUTES, teamView } from '../../shared/contracts/api.js';
import { slugOf, TEAM_NAME } from '../../shared/model/naming.js';
import { ProblemError, problem } from '../../shared/model/problem.js';
import { implementRoute } from './route.js';

implementRoute(ROUTES.listTeams, async ({ base, services }) => {
  const teams = await services.store.listTeams();
  return { status: 200, body: { value: teams.map((team) => teamView(team, base)) } };
});

implementRoute(ROUTES.readTeam, async ({ request, base, services }) => {
  const name = request.params['team'] ?? '';
  const found = TEAM_NAME.test(name) ? await readTeam(services.store, slugOf(name)) : undefined;
  if (!found) throw new ProblemError(problem('not-found', `There is no team "${name.slice(0, 100)}".`));
  return { status: 200, headers: { etag: found.etag }, body: teamView(found.document, base) };
});
