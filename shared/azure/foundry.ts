/**
 * Foundry (Cognitive Services): the teams' own accounts, their project, and its connections to the gateway. The provider compares no versions,
 * and takes minutes for what it has begun: writes come back once they are taken, reads tell how far it is.
 */
import type { Account } from '@azure/arm-cognitiveservices';
import { systemClock } from '../kit/clock.js';
import type { Foundry, FoundryAccount } from '../resources/adapters.js';
import { armCaller, isAbsent } from './arm.js';
import { parseArmId } from './arm-id.js';
import { type AzureConnection, armOptions, keyed } from './connection.js';

/** `ApiManagement` is a known connection category from this version on. */
const API_VERSION = '2025-12-01';

/** The quota's name in `locations/usages`. */
const ACCOUNT_COUNT = 'AccountCount';

/** A fleet asks for the count of a region once for each team; Azure's own quota has the last word anyway. */
const COUNT_AGE_MAX_MS = 10_000;

export function foundry(connection: AzureConnection): Foundry {
  const arm = armCaller(connection);
  const clients = keyed((azureSubscriptionId) => {
    const sdk = require('@azure/arm-cognitiveservices') as typeof import('@azure/arm-cognitiveservices');
    return new sdk.CognitiveServicesManagementClient(connection.credential, azureSubscriptionId, {
      ...armOptions(connection),
      apiVersion: API_VERSION,
    });
  });
  /** The client, and where the thing is: group, account and the names below. */
  function open<const Types extends readonly string[]>(id: string, ...types: Types) {
    const { azureSubscriptionId, resourceGroup, names } = parseArmId(id, 'accounts', ...types);
    const at = [resourceGroup, ...names] as [string, string, ...{ [Index in keyof Types]: string }];
    return { client: clients(azureSubscriptionId), at };
  }

  /** Counts by region, as they were told a moment ago, with what has been made here since. */
  const counts = new Map<string, { count: number | undefined; keptMs: number }>();

  return {
    async countAccounts(location) {
      const kept = counts.get(location);
      if (kept && systemClock.now() - kept.keptMs < COUNT_AGE_MAX_MS) return kept.count;
      const count = await arm.ask(`read the quotas of ${location}`, async (options) => {
        for await (const usage of clients(connection.azureSubscriptionId).usages.list(location, options))
          if (usage.name?.value === ACCOUNT_COUNT) return usage.currentValue;
        return undefined;
      });
      counts.set(location, { count, keptMs: systemClock.now() });
      return count;
    },

    readLiveAccount(id) {
      const { client, at } = open(id);
      return arm.together(async ({ read }) => {
        const found = await read(`read account "${at[1]}"`, isAbsent(id), (options) =>
          client.accounts.get(...at, options),
        );
        return found && accountOf(found);
      });
    },

    readAccount(id, location) {
      const { client, at } = open(id);
      return arm.together(async ({ read }) => {
        const found = await read(`read account "${at[1]}"`, isAbsent(id), (options) =>
          client.accounts.get(...at, options),
        );
        if (found) return accountOf(found);
        const deleted = await read(`look for deleted account "${at[1]}"`, isAbsent(id), (options) =>
          client.deletedAccounts.get(location, ...at, options),
        );
        return deleted && { ...accountOf(deleted), state: 'SoftDeleted' };
      });
    },

    async createAccount(id, { location, subdomain, tags }) {
      const { client, at } = open(id);
      const kept = counts.get(location);
      if (kept?.count !== undefined) kept.count++;
      const body: Account = {
        location,
        kind: 'AIServices',
        sku: { name: 'S0' },
        identity: { type: 'SystemAssigned' },
        tags,
        properties: {
          customSubDomainName: subdomain,
          allowProjectManagement: true,
          disableLocalAuth: true,
          publicNetworkAccess: 'Enabled',
        },
      };
      await arm.send(`create account "${at[1]}"`, (options) => client.accounts.beginCreate(...at, body, options));
    },

    async updateAccountTags(id, tags) {
      const { client, at } = open(id);
      await arm.send(`tag account "${at[1]}"`, (options) => client.accounts.beginUpdate(...at, { tags }, options));
    },

    async deleteAccount(id) {
      const { client, at } = open(id);
      await arm.remove(`delete account "${at[1]}"`, isAbsent(id), (options) =>
        client.accounts.beginDelete(...at, options),
      );
      return 'begun';
    },

    async purgeAccount(id, location) {
      const { client, at } = open(id);
      await arm.remove(`purge account "${at[1]}"`, isAbsent(id), (options) =>
        client.deletedAccounts.beginPurge(location, ...at, options),
      );
      return 'begun';
    },

    async readProject(id) {
      const { client, at } = open(id, 'projects');
      const found = await arm.read(`read project "${at[1]}/${at[2]}"`, isAbsent(id), (options) =>
        client.projects.get(...at, options),
      );
      return (
        found && {
          state: found.properties?.provisioningState ?? 'Accepted',
          tags: found.tags ?? {},
          principalId: found.identity?.principalId,
          isDefault: found.properties?.isDefault ?? false,
        }
      );
    },

    async writeProject(id, { location, tags, ...properties }) {
      const { client, at } = open(id, 'projects');
      const body = { location, tags, identity: { type: 'SystemAssigned' as const }, properties };
      await arm.send(`write project "${at[1]}/${at[2]}"`, (options) =>
        client.projects.beginCreate(...at, body, options),
      );
    },

    async deleteProject(id) {
      const { client, at } = open(id, 'projects');
      await arm.remove(`delete project "${at[1]}/${at[2]}"`, isAbsent(id), (options) =>
        client.projects.beginDelete(...at, options),
      );
      return 'begun';
    },

    async readConnection(id) {
      const { client, at } = open(id, 'projects', 'connections');
      const found = await arm.read(`read connection "${at[3]}"`, isAbsent(id), (options) =>
        client.projectConnections.get(...at, options),
      );
      return found && { target: found.properties.target ?? '', metadata: found.properties.metadata ?? {} };
    },

    async writeConnection(id, { target, metadata }, key) {
      const { client, at } = open(id, 'projects', 'connections');
      const properties = {
        category: 'ApiManagement',
        authType: 'ApiKey' as const,
        target,
        isSharedToAll: false,
        credentials: { key },
        metadata,
      };
      await arm.send(
        `write connection "${at[3]}"`,
        (options) => client.projectConnections.create(...at, { ...options, connection: { properties } }),
        key,
      );
    },

    deleteConnection(id) {
      const { client, at } = open(id, 'projects', 'connections');
      return arm.remove(`delete connection "${at[3]}"`, isAbsent(id), (options) =>
        client.projectConnections.delete(...at, options),
      );
    },
  };
}

const accountOf = ({ properties, location, tags }: Account): FoundryAccount => ({
  state: properties?.provisioningState ?? 'Accepted',
  location: location ?? '',
  tags: tags ?? {},
  endpoint: properties?.endpoint ?? '',
});
