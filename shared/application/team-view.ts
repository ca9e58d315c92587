/** What a team is told that it holds, by name and reference. */
import { API_IDS, type Provider, teamNames } from '../model/naming.js';
import type { OperationDocument } from '../model/operation.js';
import { apiUrl, ids } from '../model/platform.js';
import type { TeamAccessRequest } from '../model/request.js';
import type { TeamAccess } from '../model/team.js';
import type { Services } from './services.js';

export function accessOf(
  { team }: Pick<OperationDocument, 'team'>,
  { models }: TeamAccessRequest['spec'],
  { platform }: Pick<Services, 'platform'>,
): TeamAccess {
  const names = teamNames(team, `${platform.azureSubscriptionId}/${platform.teamsResourceGroup}`);
  const at = ids(platform);
  const asked: Record<Provider, { name: string }[]> = {
    foundry: models.foundry?.models ?? [],
    kaito: models.kaito?.models ?? [],
  };
  const providers = (['foundry', 'kaito'] as const).filter((provider) => asked[provider].length > 0);
  return {
    gatewayUrl: platform.apiManagement.gatewayUrl,
    apis: providers.map((provider) => ({
      api: API_IDS[provider],
      url: apiUrl(platform, provider),
      models: asked[provider].map(({ name }) => name),
    })),
    product: names.product,
    subscription: names.subscription,
    keyReference: at.secret(names.secret),
    foundryResource: names.foundryAccount,
    foundryEndpoint: `https://${names.foundrySubdomain}.${platform.foundryDomain}/`,
    foundryProject: names.foundryProject,
    connections: providers.map((provider) => names.connections[provider]),
  };
}
