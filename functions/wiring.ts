/** The composition root: builds every adapter from the settings, once, at the first use. Tests may put parts in its place. */
import { DefaultAzureCredential } from '@azure/identity';
import { ServiceBusClient } from '@azure/service-bus';
import { aiGateway } from '../shared/azure/ai-gateway.js';
import { apiManagement } from '../shared/azure/api-management.js';
import { authorization } from '../shared/azure/authorization.js';
import { foundry } from '../shared/azure/foundry.js';
import { keyVault } from '../shared/azure/key-vault.js';
import { kubernetes } from '../shared/azure/kubernetes.js';
import { modelEndpoint } from '../shared/azure/model-endpoint.js';
import { privateDns } from '../shared/azure/private-dns.js';
import { publisher } from '../shared/bus/publisher.js';
import { systemClock } from '../shared/kit/clock.js';
import { lazy } from '../shared/kit/lazy.js';
import { openContainers } from '../shared/store/cosmos.js';
import { modelStore } from '../shared/store/models.js';
import { operationStore } from '../shared/store/operations.js';
import { rejectedStore } from '../shared/store/rejected.js';
import { teamStore } from '../shared/store/teams.js';
import { defaultConfigFolder, readCatalog, readGuardrails } from './config-files.js';
import { readSettings } from './settings.js';

/** Queues and topic, as `config/topology.json` declares them. */
export const QUEUES = { requests: 'access-requests', commands: 'operation-commands' } as const;
export const EVENTS_TOPIC = 'access-events';

/** Name of the setting (or prefix of settings) that the bus bindings use. */
export const BUS_CONNECTION = 'ServiceBusConnection';

/** One quick retry: whatever takes longer is delivered again, swept up, or repeated by Durable Functions, none of which holds a caller. */
const BUS_OPTIONS = { retryOptions: { maxRetries: 1, retryDelayInMs: 250, timeoutInMs: 10_000 } };

export type Services = ReturnType<typeof build>;

export const services: () => Services = lazy(() => build(process.env));

function build(environment: NodeJS.ProcessEnv) {
  const settings = readSettings(environment);
  const { platform } = settings;
  const configFolder = settings.HAI_CONFIG_DIR ?? defaultConfigFolder();
  const credential = new DefaultAzureCredential({ managedIdentityClientId: settings.AZURE_CLIENT_ID });
  const azure = {
    credential,
    azureSubscriptionId: platform.azureSubscriptionId,
    armEndpoint: settings.HAI_ARM_ENDPOINT,
  };
  const containers = openContainers(
    { endpoint: settings.COSMOS_ENDPOINT, database: settings.COSMOS_DATABASE, key: settings.COSMOS_KEY },
    credential,
  );
  const bus = lazy(() =>
    settings.ServiceBusConnection
      ? new ServiceBusClient(settings.ServiceBusConnection, BUS_OPTIONS)
      : new ServiceBusClient(settings.ServiceBusConnection__fullyQualifiedNamespace ?? '', credential, BUS_OPTIONS),
  );

  return {
    settings,
    platform,
    clock: systemClock,
    catalog: readCatalog(configFolder),
    guardrails: readGuardrails(configFolder),
    apiManagement: apiManagement(azure, platform.resourceGroup, platform.apiManagement.name),
    foundry: foundry(azure, platform.teamsResourceGroup),
    keyVault: keyVault(azure, {
      url: platform.keyVault.url,
      verifyChallengeResource: settings.HAI_KEY_VAULT_CHALLENGE_CHECK,
    }),
    authorization: authorization(azure),
    privateDns: privateDns(azure, platform.resourceGroup, platform.dnsZone),
    kubernetes: kubernetes(azure, platform.resourceGroup, platform.cluster.name, platform.cluster.namespace),
    modelEndpoint: modelEndpoint(settings.HAI_EGRESS_PROXY_URL),
    aiGateway: aiGateway(),
    operations: operationStore(containers),
    teams: teamStore(containers),
    models: modelStore(containers),
    rejected: rejectedStore(containers),
    publisher: publisher(bus, { commands: QUEUES.commands, events: EVENTS_TOPIC }),
    bus,
  };
}
