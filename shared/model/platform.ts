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
});
export type Platform = z.infer<typeof PlatformSchema>;

/** Base URL that a team gives to an OpenAI client. */
export const apiUrl = (platform: Platform, provider: Provider): string =>
  joinUrl(platform.apiManagement.gatewayUrl, API_PATHS[provider]);

/** ARM ids of what hai assigns roles on. */
export const scopes = {
  account: (platform: Platform, account: string): string =>
    `${group(platform, platform.teamsResourceGroup)}/providers/Microsoft.CognitiveServices/accounts/${account}`,
  project: (platform: Platform, account: string, project: string): string =>
    `${scopes.account(platform, account)}/projects/${project}`,
  secret: (platform: Platform, secret: string): string =>
    `${group(platform, platform.resourceGroup)}/providers/Microsoft.KeyVault/vaults/${platform.keyVault.name}/secrets/${secret}`,
};

const group = (platform: Platform, name: string): string =>
  `/subscriptions/${platform.azureSubscriptionId}/resourceGroups/${name}`;
