/**
 * Plans: the ordered resources that a request means, as plain data. A plan is made once, at intake, and frozen into the operation, so that a
 * later release that plans differently cannot change a run under way.
 */
import { z } from 'zod';
import { contentHash } from '../kit/ids.js';
import type { Catalog, KaitoModel } from './catalog.js';
import { API_IDS, modelNames, type Provider, teamNames } from './naming.js';
import { apiUrl, type Platform, scopes } from './platform.js';
import { renderProductPolicy } from './product-policy.js';
import { type MemberSchema, type ModelAccess, type TeamAccessRequest, teamSlug } from './request.js';
import { ROLES } from './roles.js';

export const ProductSchema = z.object({ name: z.string(), displayName: z.string(), description: z.string() });
export const ProductPolicySchema = z.object({ product: z.string(), xml: z.string() });
export const ProductApiSchema = z.object({ product: z.string(), api: z.string() });
export const SubscriptionSchema = z.object({ name: z.string(), displayName: z.string(), product: z.string() });
export const TeamKeySchema = z.object({ secret: z.string(), subscription: z.string(), team: z.string() });
export const FoundryAccountSchema = z.object({
  name: z.string(),
  location: z.string(),
  subdomain: z.string(),
  tags: z.record(z.string(), z.string()),
});
export const FoundryProjectSchema = z.object({
  account: z.string(),
  name: z.string(),
  location: z.string(),
  displayName: z.string(),
  description: z.string(),
  tags: z.record(z.string(), z.string()),
});
export const RoleGrantSchema = z.object({
  scope: z.string(),
  roleId: z.string(),
  principalId: z.string(),
  principalType: z.enum(['User', 'Group', 'ServicePrincipal']),
});
export const RoleGrantsSchema = z.object({ grants: z.array(RoleGrantSchema) });
export const ConnectionSchema = z.object({
  account: z.string(),
  project: z.string(),
  name: z.string(),
  target: z.string(),
  models: z.array(z.object({ name: z.string(), version: z.string(), format: z.string() })),
  secret: z.string(),
});
export const ProofSchema = z.object({
  secret: z.string(),
  apis: z.array(z.object({ url: z.string(), models: z.array(z.string()) })),
});

/** One planned step as operators see it, before it starts. */
export const PlannedStepSchema = z.object({ id: z.string(), title: z.string() });
export type PlannedStep = z.infer<typeof PlannedStepSchema>;

export const TeamPlanSchema = z.object({
  kind: z.literal('provision-team-access'),
  team: z.string(),
  slug: z.string(),
  product: ProductSchema,
  policy: ProductPolicySchema,
  apis: z.array(ProductApiSchema),
  subscription: SubscriptionSchema,
  key: TeamKeySchema,
  /** May read the key. */
  keyReaders: RoleGrantsSchema,
  account: FoundryAccountSchema,
  accountScope: z.string(),
  project: FoundryProjectSchema,
  /** May open the project. */
  projectMembers: RoleGrantsSchema,
  models: z.array(z.string()).meta({ description: 'Shared KAITO models to join' }),
  connections: z.array(ConnectionSchema.extend({ provider: z.enum(['foundry', 'kaito']) })),
  proof: ProofSchema,
  steps: z.array(PlannedStepSchema),
});
export type TeamPlan = z.infer<typeof TeamPlanSchema>;

export const WorkspaceSchema = z.object({
  name: z.string(),
  model: z.string(),
  instanceType: z.string(),
  preset: z.string(),
});
export const ModelServiceSchema = z.object({
  name: z.string(),
  workspace: z.string(),
  address: z.string(),
  subnet: z.string(),
  sourceRanges: z.array(z.string()),
});
export const DnsRecordSchema = z.object({ name: z.string(), address: z.string() });
export const BackendSchema = z.object({ name: z.string(), title: z.string(), url: z.string() });
export const ModelAnswersSchema = z.object({ url: z.string(), servedName: z.string() });
export const CapacitySchema = z.object({ model: z.string(), gpuPoolsMax: z.number() });

export const ModelPlanSchema = z.object({
  kind: z.literal('deploy-kaito-model'),
  model: z.string(),
  generation: z.number(),
  servedName: z.string(),
  address: z.string(),
  capacity: CapacitySchema,
  workspace: WorkspaceSchema,
  service: ModelServiceSchema,
  dnsRecord: DnsRecordSchema,
  backend: BackendSchema,
  answers: ModelAnswersSchema,
  steps: z.array(PlannedStepSchema),
});
export type ModelPlan = z.infer<typeof ModelPlanSchema>;

export const PlanSchema = z.discriminatedUnion('kind', [TeamPlanSchema, ModelPlanSchema]);
export type Plan = z.infer<typeof PlanSchema>;

/** What a request means on this platform. Pure: the same request gives the same plan. */
export function planTeamAccess(request: TeamAccessRequest, catalog: Catalog, platform: Platform): TeamPlan {
  const slug = teamSlug(request);
  const team = request.metadata.name;
  const names = teamNames(slug, `${platform.azureSubscriptionId}/${platform.teamsResourceGroup}`);
  const { members = [], costCenter, models } = request.spec;
  const asked: Record<Provider, ModelAccess[]> = {
    foundry: models.foundry?.models ?? [],
    kaito: models.kaito?.models ?? [],
  };
  const providers = (['foundry', 'kaito'] as const).filter((provider) => asked[provider].length > 0);
  const accountScope = scopes.account(platform, names.foundryAccount);
  const tags = { team, 'cost-center': costCenter, 'managed-by': 'hai' };

  const plan = {
    kind: 'provision-team-access' as const,
    team,
    slug,
    product: { name: names.product, displayName: names.productDisplayName, description: `Models of ${team}` },
    policy: { product: names.product, xml: renderProductPolicy(policyModels(asked, catalog)) },
    apis: providers.map((provider) => ({ product: names.product, api: API_IDS[provider] })),
    subscription: { name: names.subscription, displayName: team, product: names.product },
    key: { secret: names.secret, subscription: names.subscription, team },
    keyReaders: grants(members, [[scopes.secret(platform, names.secret), ROLES.keyVaultSecretsUser]]),
    account: { name: names.foundryAccount, location: platform.location, subdomain: names.foundrySubdomain, tags },
    accountScope,
    project: {
      account: names.foundryAccount,
      name: names.foundryProject,
      location: platform.location,
      displayName: team,
      description: `Project of ${team}`,
      tags: { team, 'managed-by': 'hai' },
    },
    projectMembers: grants(members, [
      [scopes.project(platform, names.foundryAccount, names.foundryProject), ROLES.foundryUser],
      [accountScope, ROLES.reader],
    ]),
    models: asked.kaito.map(({ name }) => name),
    connections: providers.map((provider) => ({
      provider,
      account: names.foundryAccount,
      project: names.foundryProject,
      name: names.connections[provider],
      target: apiUrl(platform, provider),
      models: asked[provider].map(({ name }) => connectionModel(provider, name, catalog)),
      secret: names.secret,
    })),
    proof: {
      secret: names.secret,
      apis: providers.map((provider) => ({
        url: apiUrl(platform, provider),
        models: asked[provider].map(({ name }) => name),
      })),
    },
  };
  return { ...plan, steps: teamSteps(plan) };
}

/** How one shared model comes to be. `generation` counts the deployments of the model. */
export function planModelDeployment(
  model: KaitoModel,
  generation: number,
  platform: Platform,
  gpuPoolsMax: number,
): ModelPlan {
  const names = modelNames(model.name, platform.dnsZone);
  const url = `http://${names.host}/v1`;
  return {
    kind: 'deploy-kaito-model',
    model: model.name,
    generation,
    servedName: model.servedName,
    address: model.staticAddress,
    capacity: { model: model.name, gpuPoolsMax },
    workspace: { name: names.workspace, model: model.name, instanceType: model.instanceType, preset: model.preset },
    service: {
      name: names.service,
      workspace: names.workspace,
      address: model.staticAddress,
      subnet: platform.modelsSubnet,
      sourceRanges: platform.modelSourceRanges,
    },
    dnsRecord: { name: names.dnsRecord, address: model.staticAddress },
    backend: { name: names.backend, title: model.name, url },
    answers: { url, servedName: model.servedName },
    steps: [
      { id: 'capacity', title: 'The cluster has room for another GPU node pool' },
      { id: 'workspace', title: `Run ${model.preset} on ${model.instanceType}` },
      { id: 'service', title: `Give the model its private address ${model.staticAddress}` },
      { id: 'dns-record', title: `Register ${names.host}` },
      { id: 'gateway-ready', title: 'API Management is ready' },
      { id: 'backend', title: `Create the gateway backend ${names.backend}` },
      { id: 'answers', title: `${names.host} answers as ${model.servedName}` },
    ],
  };
}

/** Hash that tells whether two plans do the same. */
export const planHashOf = (plan: Plan): string => contentHash(plan);

function teamSteps(plan: Omit<TeamPlan, 'steps'>): PlannedStep[] {
  const hasMembers = plan.projectMembers.grants.length > 0;
  return [
    { id: 'gateway-ready', title: 'API Management is ready' },
    { id: 'product', title: `Create the product ${plan.product.name}` },
    { id: 'product-policy', title: 'Set the allowed models and their token limits' },
    ...plan.apis.map(({ api }) => ({ id: apiStepId(api), title: `Add ${api} to the product` })),
    { id: 'subscription', title: `Create the subscription ${plan.subscription.name}` },
    { id: 'key', title: `Store the key as ${plan.key.secret}` },
    ...(hasMembers ? [{ id: 'key-readers', title: 'Let the members read the key' }] : []),
    { id: 'foundry-account', title: `Create the Foundry account ${plan.account.name}` },
    { id: 'foundry-project', title: `Create the project ${plan.project.name}` },
    { id: 'project-identity', title: 'Let the project use its account' },
    ...(hasMembers ? [{ id: 'project-members', title: 'Let the members open the project' }] : []),
    ...plan.models.map((model) => ({ id: modelStepId(model), title: `Join the shared model ${model}` })),
    ...plan.connections.map(({ provider, name }) => ({
      id: connectionStepId(provider),
      title: `Connect the project to the gateway (${name})`,
    })),
    { id: 'proof', title: 'Prove the access through the gateway' },
  ];
}

export const apiStepId = (api: string): string => `api-${api}`;
export const modelStepId = (model: string): string => `model-${model}`;
export const connectionStepId = (provider: Provider): string => `connection-${provider}`;

type Grant = z.infer<typeof RoleGrantSchema>;

const grants = (
  members: z.infer<typeof MemberSchema>[],
  roles: [scope: string, roleId: string][],
): { grants: Grant[] } => ({
  grants: members.flatMap(({ objectId, type }) =>
    roles.map(([scope, roleId]) => ({ scope, roleId, principalId: objectId, principalType: type })),
  ),
});

const policyModels = (asked: Record<Provider, ModelAccess[]>, catalog: Catalog) => [
  ...asked.foundry.map((model) => ({ provider: 'foundry' as const, servedName: model.name, ...model })),
  ...asked.kaito.map((model) => ({
    provider: 'kaito' as const,
    servedName: entry(catalog.kaito, model.name).servedName,
    ...model,
  })),
];

/** KAITO models carry no version of their own; Foundry only shows this text. */
const KAITO_VERSION = '1';

function connectionModel(provider: Provider, name: string, catalog: Catalog) {
  if (provider === 'kaito') return { name, version: KAITO_VERSION, format: 'OpenAI' };
  const { version, format } = entry(catalog.foundry, name);
  return { name, version, format };
}

function entry<Model extends { name: string }>(models: Model[], name: string): Model {
  const found = models.find((model) => model.name === name);
  if (!found) throw new Error(`"${name}" is not in the catalog: requests are checked before they are planned`);
  return found;
}
