/** What a team's request means: the resources that give it access, in the order in which they can be made. Reads like the process. */

import type { Catalog } from '../model/catalog.js';
import { API_IDS, type Provider, teamNames } from '../model/naming.js';
import { apiUrl, ids, type Platform } from '../model/platform.js';
import type { Member, ModelAccess, TeamAccessRequest } from '../model/request.js';
import { ROLES } from '../model/roles.js';
import { foundryAccount } from '../resources/foundry-account.js';
import { foundryConnection } from '../resources/foundry-connection.js';
import { foundryProject } from '../resources/foundry-project.js';
import { gatewayReady } from '../resources/gateway-ready.js';
import { modelMembership } from '../resources/model-membership.js';
import { nameOf } from '../resources/names.js';
import { product } from '../resources/product.js';
import { productApi } from '../resources/product-api.js';
import { policySpec, productPolicy } from '../resources/product-policy.js';
import { projectIdentity, projectIdentityId } from '../resources/project-identity.js';
import { proof } from '../resources/proof.js';
import type { Wanted } from '../resources/resource.js';
import { assignmentId, roleAssignment } from '../resources/role-assignment.js';
import { subscription } from '../resources/subscription.js';
import { teamKey } from '../resources/team-key.js';
import { type Stage, stage } from './plan.js';

export interface TeamTarget {
  team: string;
  slug: string;
  spec: TeamAccessRequest['spec'];
  keyGeneration: number;
}

/** Pure: the same target on the same platform gives the same plan. */
export function teamAccess(target: TeamTarget, catalog: Catalog, platform: Platform): Stage[] {
  const { team: owner, slug, spec, keyGeneration } = target;
  const names = teamNames(slug, `${platform.azureSubscriptionId}/${platform.teamsResourceGroup}`);
  const at = ids(platform);
  const account = at.account(names.foundryAccount);
  const project = at.project(account, names.foundryProject);
  const secret = at.secret(names.secret);
  const productId = at.product(names.product);
  const subscriptionId = at.subscription(names.subscription);
  const asked = askedModels(spec);
  const providers = PROVIDERS.filter((provider) => asked[provider].length > 0);
  const tags = { team: owner, 'managed-by': 'hai' };
  const members = spec.members ?? [];

  const openGateway = [
    gatewayReady('gateway-ready', { id: at.apiManagement, owner }),
    product('product', { id: productId, owner, displayName: names.productDisplayName }),
    ...providers.map((provider) =>
      productApi(`api-${API_IDS[provider]}`, { id: at.productApi(productId, API_IDS[provider]), owner }),
    ),
    subscription('subscription', { id: subscriptionId, owner, product: productId }),
    teamKey('key', { id: secret, owner, subscription: subscriptionId, keyGeneration }),
    ...members.map((member) =>
      grant(
        'key-reader',
        'Let the members read the key',
        owner,
        at.secretScope(names.secret),
        ROLES.keyVaultSecretsUser,
        member,
      ),
    ),
  ];

  const createFoundry = [
    foundryAccount('foundry-account', {
      id: account,
      owner,
      location: platform.location,
      subdomain: names.foundrySubdomain,
      tags: { ...tags, 'cost-center': spec.costCenter },
    }),
    foundryProject('foundry-project', {
      id: project,
      owner,
      location: platform.location,
      displayName: owner,
      description: `Project of ${owner}`,
      tags,
    }),
    projectIdentity('project-identity', { id: projectIdentityId(account, project), owner, project }),
    ...members.flatMap((member) => [
      grant('project-user', 'Let the members use the project', owner, project, ROLES.foundryUser, member),
      grant('account-reader', 'Let the members find the project', owner, account, ROLES.reader, member),
    ]),
  ];

  const joinModels = asked.kaito.map(({ name }) => [
    modelMembership(`model-${name}`, { id: `subjects/${slug}/models/${name}`, owner, slug }),
  ]);

  return [
    // Foundry and the shared models need nothing of the gateway, which may still be activating.
    stage(openGateway, createFoundry, ...joinModels),
    // Needs the names under which the models are served; until it stands, the API policies refuse (fail closed).
    stage(
      [productPolicy('product-policy', { id: productId, owner, ...policySpec(policyModels(asked)) })],
      providers.map((provider) =>
        foundryConnection(`connection-${provider}`, {
          id: at.connection(project, names.connections[provider]),
          owner,
          target: apiUrl(platform, provider),
          models: asked[provider].map(({ name }) => connectionModel(provider, name, catalog)),
          secret,
          keyGeneration,
        }),
      ),
    ),
    stage([
      proof('proof', {
        id: secret,
        owner,
        subject: slug,
        apis: providers.map((provider) => ({
          url: apiUrl(platform, provider),
          models: asked[provider].map(({ name }) => name),
        })),
      }),
    ]),
  ];
}

const PROVIDERS = ['foundry', 'kaito'] as const;

const askedModels = ({ models }: TeamAccessRequest['spec']): Record<Provider, ModelAccess[]> => ({
  foundry: models.foundry?.models ?? [],
  kaito: models.kaito?.models ?? [],
});

function grant(step: string, what: string, owner: string, scope: string, roleId: string, member: Member): Wanted {
  const { objectId: principalId, type: principalType } = member;
  const id = assignmentId(scope, roleId, principalId);
  return roleAssignment(`${step}-${nameOf(id).slice(0, 8)}`, { id, owner, roleId, principalId, principalType, what });
}

const policyModels = (asked: Record<Provider, ModelAccess[]>) =>
  PROVIDERS.flatMap((provider) =>
    asked[provider].map(({ name, tokensPerMinute, dailyTokenQuota }) => ({
      provider,
      name,
      tokensPerMinute,
      dailyTokenQuota,
    })),
  );

/** KAITO models carry no version of their own; Foundry only shows this text. */
const KAITO_VERSION = '1';

function connectionModel(provider: Provider, name: string, catalog: Catalog) {
  if (provider === 'kaito') return { name, version: KAITO_VERSION, format: 'OpenAI' };
  const found = catalog.foundry.find((model) => model.name === name);
  if (!found) throw new Error(`"${name}" is not in the catalog: requests are checked before they are planned`);
  return { name, version: found.version, format: found.format };
}
