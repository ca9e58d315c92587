/** The static platform as hai sees it: what Bicep built and tells the app through its settings. */
import { z } from 'zod';
import { API_PATHS, joinUrl, type Provider } from './naming.js';

export const PlatformSchema = z.object({
  azureSubscriptionId: z.guid(),
  /** Resource group of the platform: API Management, Key Vault, AKS, DNS. */
  resourceGroup: z.string().min(1),
  /** Resource group of the teams' own Foundry accounts; the worker's roles for them end there. */
  teamsResourceGroup: z.string().min(1),
  location: z.string().min(1),
  apiManagement: z.object({ name: z.string().min(1), gatewayUrl: z.url() }),
  keyVault: z.object({ name: z.string().min(1), url: z.url() }),
  cluster: z.object({ name: z.string().min(1), namespace: z.string().min(1) }),
  /** Private zone of the shared models: `kaito.internal`. */
  dnsZone: z.string().min(1),
  /** Name (never the id: cloud-provider-azure looks it up by name) of the subnet that holds the models' addresses. */
  modelsSubnet: z.string().regex(/^[A-Za-z0-9_.-]+$/, 'the subnet name, not its resource id'),
  /** Who may call a model: the address ranges of the gateway and of the control plane. */
  modelSourceRanges: z.array(z.cidrv4()).min(1),
  /** Foundry accounts per region and Azure subscription. Documented as 100 on one page and 30 on another, hence a setting. */
  foundryAccountsMax: z.int().positive(),
  /** Domain of Foundry accounts: `cognitiveservices.azure.com`, or that of a sovereign cloud. */
  foundryDomain: z.string().min(1),
});
export type Platform = z.infer<typeof PlatformSchema>;

/** Base URL that a team gives to an OpenAI client. */
export const apiUrl = (platform: Platform, provider: Provider): string =>
  joinUrl(platform.apiManagement.gatewayUrl, API_PATHS[provider]);

/** Full ids of everything that hai makes, from today's settings. They are frozen into specs: what was made keeps its id when settings move. */
export function ids(platform: Platform) {
  const group = (name: string) => `/subscriptions/${platform.azureSubscriptionId}/resourceGroups/${name}`;
  const own = group(platform.resourceGroup);
  const teams = group(platform.teamsResourceGroup);
  const apiManagement = `${own}/providers/Microsoft.ApiManagement/service/${platform.apiManagement.name}`;
  const cluster = `${own}/providers/Microsoft.ContainerService/managedClusters/${platform.cluster.name}`;
  return {
    apiManagement,
    cluster,
    product: (name: string) => `${apiManagement}/products/${name}`,
    productApi: (product: string, api: string) => `${product}/apis/${api}`,
    subscription: (name: string) => `${apiManagement}/subscriptions/${name}`,
    backend: (name: string) => `${apiManagement}/backends/${name}`,
    account: (name: string) => `${teams}/providers/Microsoft.CognitiveServices/accounts/${name}`,
    project: (account: string, name: string) => `${account}/projects/${name}`,
    connection: (project: string, name: string) => `${project}/connections/${name}`,
    /** The secret at the vault, where values are. */
    secret: (name: string) => joinUrl(platform.keyVault.url, `secrets/${name}`),
    /** The secret at Resource Manager, where roles on it are. */
    secretScope: (name: string) =>
      `${own}/providers/Microsoft.KeyVault/vaults/${platform.keyVault.name}/secrets/${name}`,
    dnsRecord: (name: string) => `${own}/providers/Microsoft.Network/privateDnsZones/${platform.dnsZone}/A/${name}`,
    /** hai's own way to name an object of the cluster. */
    inNamespace: (plural: string, name: string) =>
      `${cluster}/namespaces/${platform.cluster.namespace}/${plural}/${name}`,
  };
}
