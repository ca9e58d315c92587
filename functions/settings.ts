/**
 * The one schema of all settings. Bicep sets them on Azure, `local.settings.json` under Core Tools, the embedded platform in development; a
 * setting that the code reads stands here, and nothing else does.
 */
import { z } from 'zod';
import { CALL_SECONDS } from '../shared/application/steps/bounds.js';
import { type Platform, PlatformSchema } from '../shared/model/platform.js';

const list = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .pipe(z.array(z.string().min(1)));
const onOff = z.enum(['on', 'off']).transform((word) => word === 'on');

export const SettingsSchema = z.object({
  HAI_TIER: z.enum(['all', 'api', 'worker']).default('all').meta({ description: 'Which doors this app opens' }),
  HAI_AUTH: z.enum(['none']).meta({ description: 'How callers are known; `none` is for development only' }),
  AZURE_FUNCTIONS_ENVIRONMENT: z.string().default('Production').meta({ description: 'Set by the host' }),

  HAI_AZURE_SUBSCRIPTION_ID: z.string(),
  HAI_RESOURCE_GROUP: z.string(),
  HAI_TEAMS_RESOURCE_GROUP: z.string(),
  HAI_LOCATION: z.string(),
  HAI_APIM_NAME: z.string(),
  HAI_GATEWAY_URL: z.string(),
  HAI_KEY_VAULT_NAME: z.string(),
  HAI_KEY_VAULT_URL: z.string(),
  HAI_AKS_NAME: z.string(),
  HAI_KAITO_NAMESPACE: z.string().default('kaito-models'),
  HAI_DNS_ZONE: z.string().default('kaito.internal'),
  HAI_MODELS_SUBNET: z.string().default('models'),
  HAI_MODEL_SOURCE_RANGES: list.meta({ description: 'Address ranges of gateway and control plane, comma-separated' }),
  HAI_FOUNDRY_ACCOUNTS_MAX: z.coerce.number().default(100),
  HAI_FOUNDRY_DOMAIN: z
    .string()
    .default('cognitiveservices.azure.com')
    .meta({ description: 'Domain of Foundry accounts; another one in sovereign clouds' }),

  HAI_ARM_ENDPOINT: z
    .url()
    .default('https://management.azure.com')
    .meta({ description: 'Another one in sovereign clouds' }),
  HAI_KEY_VAULT_CHALLENGE_CHECK: onOff
    .default(true)
    .meta({ description: '`off` for a vault whose host is not of Azure' }),
  HAI_CALL_DEADLINE_SECONDS: z.coerce
    .number()
    .positive()
    .max(CALL_SECONDS)
    .default(CALL_SECONDS)
    .meta({ description: 'A call to a service that takes longer is given up' }),
  HAI_EGRESS_PROXY_URL: z
    .url()
    .optional()
    .meta({ description: 'HTTP proxy inside the virtual network, if the app is outside' }),
  HAI_PUBLIC_URL: z
    .url()
    .transform((url) => url.replace(/\/+$/, ''))
    .optional()
    .meta({
      description:
        'URL of the API as callers reach it, such as `https://hai.contoso.com/api`; default: as the app was called',
    }),
  HAI_CONFIG_DIR: z
    .string()
    .optional()
    .meta({ description: 'Folder of catalog and guardrails; default: config/ of the app' }),
  AZURE_CLIENT_ID: z.string().optional().meta({ description: "Client id of the app's user-assigned identity" }),

  COSMOS_ENDPOINT: z.url(),
  COSMOS_DATABASE: z.string().default('hai'),
  COSMOS_KEY: z.string().optional().meta({ description: 'Emulators only; Azure is reached with the identity' }),

  ServiceBusConnection: z
    .string()
    .optional()
    .meta({ description: 'Emulators only; Azure is reached with the identity' }),
  ServiceBusConnection__fullyQualifiedNamespace: z.string().optional(),
});

export interface Settings extends z.infer<typeof SettingsSchema> {
  platform: Platform;
}

/** Reads and checks all settings; throws one error that names every mistake. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const parsed = SettingsSchema.safeParse(environment);
  if (!parsed.success) throw settingsError(parsed.error.issues);
  const settings = parsed.data;
  const platform = PlatformSchema.safeParse(platformOf(settings));
  if (!platform.success) throw settingsError(platform.error.issues);
  if (settings.HAI_AUTH === 'none' && settings.AZURE_FUNCTIONS_ENVIRONMENT !== 'Development')
    throw new Error(
      'HAI_AUTH=none lets everybody in: it is accepted only where AZURE_FUNCTIONS_ENVIRONMENT is Development.',
    );
  if (!settings.ServiceBusConnection && !settings.ServiceBusConnection__fullyQualifiedNamespace)
    throw new Error('Set ServiceBusConnection__fullyQualifiedNamespace (or ServiceBusConnection for an emulator).');
  return { ...settings, platform: platform.data };
}

const platformOf = (settings: z.infer<typeof SettingsSchema>) => ({
  azureSubscriptionId: settings.HAI_AZURE_SUBSCRIPTION_ID,
  resourceGroup: settings.HAI_RESOURCE_GROUP,
  teamsResourceGroup: settings.HAI_TEAMS_RESOURCE_GROUP,
  location: settings.HAI_LOCATION,
  apiManagement: { name: settings.HAI_APIM_NAME, gatewayUrl: settings.HAI_GATEWAY_URL },
  keyVault: { name: settings.HAI_KEY_VAULT_NAME, url: settings.HAI_KEY_VAULT_URL },
  cluster: { name: settings.HAI_AKS_NAME, namespace: settings.HAI_KAITO_NAMESPACE },
  dnsZone: settings.HAI_DNS_ZONE,
  modelsSubnet: settings.HAI_MODELS_SUBNET,
  modelSourceRanges: settings.HAI_MODEL_SOURCE_RANGES,
  foundryAccountsMax: settings.HAI_FOUNDRY_ACCOUNTS_MAX,
  foundryDomain: settings.HAI_FOUNDRY_DOMAIN,
});

const settingsError = (issues: readonly z.core.$ZodIssue[]): Error =>
  new Error(
    `Settings are missing or wrong:\n${issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`).join('\n')}`,
  );
