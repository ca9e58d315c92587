/** `GET models`, `GET platform`, `GET rejected`: what operators and teams look up. */
import { modelViews, ROUTES } from '../../shared/contracts/api.js';
import { API_PATHS, type Provider } from '../../shared/model/naming.js';
import { apiUrl } from '../../shared/model/platform.js';
import { nextLink, pageKey } from './paging.js';
import { implementRoute } from './route.js';

implementRoute(ROUTES.listModels, async ({ base, services }) => ({
  status: 200,
  body: { value: modelViews(services.catalog, await services.store.listModels(), base) },
}));

implementRoute(ROUTES.readPlatform, ({ services: { platform, guardrails } }) => ({
  status: 200,
  body: {
    location: platform.location,
    gatewayUrl: platform.apiManagement.gatewayUrl,
    apis: (Object.keys(API_PATHS) as Provider[]).map((provider) => ({ provider, url: apiUrl(platform, provider) })),
    guardrails: { foundry: guardrails.foundry, kaito: guardrails.kaito },
  },
}));

implementRoute(ROUTES.listRejected, async ({ request, query, base, services }) => {
  const page = await services.rejected.list(query.maxpagesize, pageKey(query.continuation, 2));
  return { status: 200, body: { value: page.items, nextLink: nextLink(request, base, page.next) } };
});
