/** The settings of hai on the embedded world: the same names that Bicep sets on Azure, with the world's addresses. */
import type { World } from '../local/world/start.js';

export function appSettings({ azure, broker, cosmos }: World): Record<string, string> {
  return {
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
    HAI_TIER: 'all',
    HAI_AUTH: 'none',
    HAI_AZURE_SUBSCRIPTION_ID: '00000000-0000-0000-0000-000000000000',
    HAI_RESOURCE_GROUP: 'rg-hai-demo',
    HAI_TEAMS_RESOURCE_GROUP: 'rg-hai-demo-teams',
    HAI_LOCATION: 'swedencentral',
    HAI_APIM_NAME: 'apim-hai-demo',
    HAI_GATEWAY_URL: azure.gatewayUrl,
    HAI_KEY_VAULT_NAME: 'kv-hai-demo',
    HAI_KEY_VAULT_URL: azure.vaultUrl,
    HAI_AKS_NAME: 'aks-hai-demo',
    HAI_KAITO_NAMESPACE: 'kaito-models',
    HAI_DNS_ZONE: 'kaito.internal',
    HAI_MODELS_SUBNET: 'models',
    HAI_MODEL_SOURCE_RANGES: '10.10.6.0/24,10.10.7.0/24',
    HAI_ARM_ENDPOINT: azure.armUrl,
    HAI_KEY_VAULT_CHALLENGE_CHECK: 'off',
    HAI_EGRESS_PROXY_URL: azure.egressProxyUrl,
    IDENTITY_ENDPOINT: azure.identityEndpoint,
    IDENTITY_HEADER: azure.identityHeader,
    COSMOS_ENDPOINT: cosmos.endpoint,
    COSMOS_KEY: cosmos.key,
    COSMOS_DATABASE: 'hai',
    ServiceBusConnection: broker.connectionString,
  };
}
