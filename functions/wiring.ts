/** The composition root: builds every adapter from the settings, once, at the first use. Tests may put parts in its place. */
import { DefaultAzureCredential } from '@azure/identity';
import { ServiceBusClient } from '@azure/service-bus';
import type { Services as ApplicationServices } from '../shared/application/services.js';
import { sharedModels } from '../shared/application/shared-models.js';
import { aiGateway } from '../shared/azure/ai-gateway.js';
import { apiManagement } from '../shared/azure/api-management.js';
import { authorization } from '../shared/azure/authorization.js';
import { foundry } from '../shared/azure/foundry.js';
import { keyVault } from '../shared/azure/key-vault.js';
import { kubernetes } from '../shared/azure/kubernetes.js';
import { modelEndpoint } from '../shared/azure/model-endpoint.js';
import { privateDns } from '../shared/azure/private-dns.js';
import { punctual } from '../shared/azure/punctual.js';
import { publisher } from '../shared/bus/publisher.js';
import { systemClock } from '../shared/kit/clock.js';
import { lazy } from '../shared/kit/lazy.js';
import { ids } from '../shared/model/platform.js';
import { RESOURCES } from '../shared/resources/index.js';
import { accessStore } from '../shared/store/access.js';
import { openContainers } from '../shared/store/cosmos.js';
import { rejectedStore } from '../shared/store/rejected.js';
import { defaultConfigFolder, readCatalog, readGuardrails } from './config-files.js';
import { readSettings, type Settings } from './settings.js';

/** Queues and topic, as `config/topology.json` declares them. */
export const QUEUES = { requests: 'access-requests', commands: 'operation-commands' } as const;
export const EVENTS_TOPIC = 'access-events';

/** Name of the setting (or prefix of settings) that the bus bindings use. */
export const BUS_CONNECTION = 'ServiceBusConnection';

/** One quick retry: whatever takes longer is delivered again, swept up, or repeated by Durable Functions, none of which holds a caller. */
const BUS_OPTIONS = { retryOptions: { maxRetries: 1, retryDelayInMs: 250, timeoutInMs: 10_000 } };

/** What the doors need beside what use cases do. */
export interface Services extends ApplicationServices {
  settings: Settings;
  rejected: ReturnType<typeof rejectedStore>;
  publisher: ReturnType<typeof publisher>;
  bus: () => ServiceBusClient;
}

export const services: () => Services = lazy(() => build(process.env));

function build(environment: NodeJS.ProcessEnv): Services {
  const settings = readSettings(environment);
  const { platform, HAI_CALL_DEADLINE_SECONDS: callDeadlineSeconds } = settings;
  const configFolder = settings.HAI_CONFIG_DIR ?? defaultConfigFolder();
  const identity = new DefaultAzureCredential({ managedIdentityClientId: settings.AZURE_CLIENT_ID });
  const credential = punctual(identity, callDeadlineSeconds);
  const azure = {
    credential,
    azureSubscriptionId: platform.azureSubscriptionId,
    armEndpoint: settings.HAI_ARM_ENDPOINT,
    callDeadlineSeconds,
  };
  const containers = openContainers(
    {
      endpoint: settings.COSMOS_ENDPOINT,
      database: settings.COSMOS_DATABASE,
      key: settings.COSMOS_KEY,
      callDeadlineSeconds,
    },
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
    table: RESOURCES,
    clock: systemClock,
    catalog: readCatalog(configFolder),
    guardrails: readGuardrails(configFolder),
    foundryAccountsMax: platform.foundryAccountsMax,
    apiManagement: apiManagement(azure),
    foundry: foundry(azure),
    keyVault: keyVault(azure, { verifyChallengeResource: settings.HAI_KEY_VAULT_CHALLENGE_CHECK }),
    authorization: authorization(azure),
    privateDns: privateDns(azure),
    kubernetes: kubernetes(azure, ids(platform).cluster, platform.cluster.namespace),
    modelEndpoint: modelEndpoint(settings.HAI_EGRESS_PROXY_URL, callDeadlineSeconds),
    aiGateway: aiGateway(callDeadlineSeconds),
    sharedModels: sharedModels(services),
    store: accessStore(containers.access),
    rejected: rejectedStore(containers),
    publisher: publisher(bus, { requests: QUEUES.requests, commands: QUEUES.commands, events: EVENTS_TOPIC }),
    bus,
    // Outside of an invocation; within one, lines go to its own log.
    log: (level, line) => console[level](line),
  };
}
