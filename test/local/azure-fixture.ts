/**
 * A small platform as Bicep would have left it, and a world with clients that talk to it as production does: real SDKs, the managed identity
 * credential, HTTPS with the world's own authority. Retries are off, so that a test sees what the service said.
 */
import tls from 'node:tls';
import { ApiManagementClient } from '@azure/arm-apimanagement';
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { CognitiveServicesManagementClient } from '@azure/arm-cognitiveservices';
import { ContainerServiceClient } from '@azure/arm-containerservice';
import { PrivateDnsManagementClient } from '@azure/arm-privatedns';
import type { RestError } from '@azure/core-rest-pipeline';
import { ManagedIdentityCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import { type ExplicitClock, explicitClock } from '../../local/clock.js';
import { loadTls } from '../../local/tls.js';
import { type AzureOptions, type AzureWorld, startAzure } from '../../local/world/azure/index.js';

export const SUBSCRIPTION = '00000000-0000-0000-0000-000000000000';
export const GROUP = 'rg-hai';
export const TEAMS = 'rg-hai-teams';
export const APIM = 'apim-hai';
export const CENTRAL = 'af-hai';
export const MEMBER = '11111111-2222-3333-4444-555555555555';
export const MEMBERS_GROUP = '99999999-2222-3333-4444-555555555555';

const providers = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers`;
export const SERVICE_ID = `${providers}/Microsoft.ApiManagement/service/${APIM}`;
export const VAULT_ID = `${providers}/Microsoft.KeyVault/vaults/kv-hai`;
export const CENTRAL_ID = `${providers}/Microsoft.CognitiveServices/accounts/${CENTRAL}`;
const GATEWAY_PRINCIPAL = '0b000000-0000-4000-8000-000000000001';

const OPENAI_POLICY = `<policies><inbound><base />
  <set-header name="api-key" exists-action="delete" />
  <set-backend-service backend-id="foundry-backend" />
  <authentication-managed-identity resource="https://cognitiveservices.azure.com" />
</inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>`;

const KAITO_POLICY = `<policies><inbound><base />
  <set-header name="api-key" exists-action="delete" />
  <set-backend-service backend-id="kaito-mistral-7b" />
</inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>`;

function api(name: string, path: string, policy: string) {
  const id = `${SERVICE_ID}/apis/${name}`;
  const keyNames = { header: 'api-key', query: 'api-key' };
  const properties = { displayName: name, path, protocols: ['https'], subscriptionKeyParameterNames: keyNames };
  const operation = { displayName: 'Chat', method: 'POST', urlTemplate: '/chat/completions' };
  return [
    { id, body: { properties } },
    { id: `${id}/operations/chat-completions`, body: { properties: operation } },
    { id: `${id}/policies/policy`, body: { properties: { format: 'rawxml', value: policy } } },
  ];
}

export const RESOURCES = {
  tenantId: '44444444-0000-0000-0000-000000000000',
  subscriptionId: SUBSCRIPTION,
  location: 'swedencentral',
  resources: [
    { id: `/subscriptions/${SUBSCRIPTION}/resourceGroups/${TEAMS}`, body: {} },
    {
      id: SERVICE_ID,
      body: {
        sku: { name: 'StandardV2', capacity: 1 },
        identity: { type: 'SystemAssigned', principalId: GATEWAY_PRINCIPAL },
        properties: { publisherEmail: 'platform@contoso.com', publisherName: 'Contoso' },
      },
    },
    ...api('openai-api', 'openai/v1', OPENAI_POLICY),
    ...api('kaito-api', 'kaito/v1', KAITO_POLICY),
    {
      id: `${SERVICE_ID}/backends/foundry-backend`,
      body: { properties: { url: `https://${CENTRAL}.openai.azure.com/openai/v1`, protocol: 'http' } },
    },
    {
      id: CENTRAL_ID,
      body: {
        kind: 'AIServices',
        sku: { name: 'S0' },
        properties: { customSubDomainName: CENTRAL, disableLocalAuth: true },
      },
    },
    {
      id: `${CENTRAL_ID}/deployments/gpt-4.1`,
      body: {
        sku: { name: 'GlobalStandard', capacity: 100 },
        properties: { model: { format: 'OpenAI', name: 'gpt-4.1', version: '2025-04-14' } },
      },
    },
    {
      id: `${CENTRAL_ID}/providers/Microsoft.Authorization/roleAssignments/0c000000-0000-4000-8000-000000000001`,
      body: {
        properties: {
          principalId: GATEWAY_PRINCIPAL,
          principalType: 'ServicePrincipal',
          roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/5e0bd9bd-7b93-4f28-af87-19fc36ad61bd`,
        },
      },
    },
    {
      id: `${providers}/Microsoft.ContainerService/managedClusters/aks-hai`,
      body: {
        properties: {
          dnsPrefix: 'aks',
          agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4ds_v5', mode: 'System' }],
        },
      },
    },
    { id: `${providers}/Microsoft.Network/privateDnsZones/kaito.internal`, body: { location: 'global' } },
    { id: VAULT_ID, body: { properties: { enableRbacAuthorization: true } } },
  ],
  kubernetes: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kaito-models' } }],
  principals: [
    { objectId: MEMBER, type: 'User' },
    { objectId: MEMBERS_GROUP, type: 'Group', members: [MEMBER] },
  ],
  network: { modelsSubnet: 'models', modelsPrefix: '10.10.7.0/24' },
};

/** One authority for the whole file: the process trusts it from here on. */
export const TLS = loadTls();
tls.setDefaultCACertificates([...tls.getCACertificates('default'), TLS.caPem]);

const retryOptions = { maxRetries: 0 };

export interface TestAzure {
  world: AzureWorld;
  clock: ExplicitClock;
  credential: ManagedIdentityCredential;
  apim: ApiManagementClient;
  foundry: CognitiveServicesManagementClient;
  aks: ContainerServiceClient;
  dns: PrivateDnsManagementClient;
  roles: AuthorizationManagementClient;
  vault: SecretClient;
  /** A raw ARM request with the control plane's token; `path` gets the api-version appended. */
  arm(
    method: string,
    path: string,
    apiVersion: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Response>;
}

const running: AzureWorld[] = [];

/** The credential library remembers the first identity endpoint of a process: every world of a file must listen there. */
let identityPort = 0;

/** Starts a world; every one is closed after the test that started it. */
export async function startTestAzure(options: Partial<AzureOptions> = {}): Promise<TestAzure> {
  const clock = (options.clock as ExplicitClock | undefined) ?? explicitClock();
  const world = await startAzure({
    resources: RESOURCES,
    tls: TLS,
    ...options,
    ports: { identity: identityPort, ...options.ports },
    clock,
  });
  identityPort ||= world.ports.identity;
  running.push(world);
  process.env['IDENTITY_ENDPOINT'] = world.identityEndpoint;
  process.env['IDENTITY_HEADER'] = world.identityHeader;
  const credential = new ManagedIdentityCredential();
  const management = { endpoint: world.armUrl, retryOptions };
  const scoped = { ...management, credentials: { scopes: ['https://management.azure.com/.default'] } };
  const arm: TestAzure['arm'] = async (method, path, apiVersion, body, headers = {}) => {
    const { token } = await credential.getToken('https://management.azure.com/.default');
    return fetch(`${world.armUrl}${path}${path.includes('?') ? '&' : '?'}api-version=${apiVersion}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  };
  return {
    world,
    clock,
    credential,
    arm,
    apim: new ApiManagementClient(credential, SUBSCRIPTION, management),
    foundry: new CognitiveServicesManagementClient(credential, SUBSCRIPTION, {
      ...management,
      apiVersion: '2025-12-01',
    }),
    aks: new ContainerServiceClient(credential, SUBSCRIPTION, scoped),
    dns: new PrivateDnsManagementClient(credential, SUBSCRIPTION, scoped),
    roles: new AuthorizationManagementClient(credential, SUBSCRIPTION, management),
    vault: new SecretClient(world.vaultUrl, credential, { retryOptions, disableChallengeResourceVerification: true }),
  };
}

afterEach(async () => {
  for (const world of running.splice(0)) await world.close();
});

/** What a call was refused with. */
export async function refusal(
  call: Promise<unknown>,
): Promise<{ statusCode?: number; code?: string; message: string }> {
  try {
    await call;
  } catch (error) {
    const { code, message, statusCode } = error as RestError;
    return { statusCode, code, message };
  }
  throw new Error('The call was expected to be refused, but it went through');
}

/** A published product whose subscriptions want approval. */
export function createProduct({ apim }: TestAzure, name = 'product-alpha') {
  const product = {
    displayName: 'AI Access',
    subscriptionRequired: true,
    approvalRequired: true,
    state: 'published' as const,
  };
  return apim.product.createOrUpdate(GROUP, APIM, name, product);
}

export function createSubscription({ apim }: TestAzure, extra: object = {}, name = 'sub-alpha') {
  const subscription = { displayName: name, scope: '/products/product-alpha', ...extra };
  return apim.subscription.createOrUpdate(GROUP, APIM, name, subscription);
}
