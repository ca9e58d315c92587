/** Foundry (Cognitive Services): the teams' own accounts, their project, and its connections to the gateway. */
import { lazy } from '../kit/lazy.js';
import { AzureError, azureCall, deleteIfPresent, readOrAbsent } from './azure-error.js';
import { type AzureConnection, armOptions } from './connection.js';

export interface FoundryAccount {
  location: string;
  subdomain: string;
  tags: Record<string, string>;
}

export interface FoundryProject {
  location: string;
  displayName: string;
  description: string;
  tags: Record<string, string>;
}

/** Metadata values are strings; `models` is JSON text (Foundry, "AI gateway", connection objects). */
export interface Connection {
  target: string;
  metadata: Record<string, string>;
}

/** What is read of a resource that takes time to become ready. */
interface Provisioned {
  /** Accepted, Creating, Succeeded, Failed, Deleting … */
  state: string;
  tags: Record<string, string>;
}

/** `ApiManagement` is a known connection category from this version on. */
const API_VERSION = '2025-12-01';

/** The quota's name in `locations/usages`. */
const ACCOUNT_COUNT = 'AccountCount';

/** Answer of Azure when a deleted account still holds the name. */
const NAME_IS_SOFT_DELETED = 'FlagMustBeSetForRestore';

export function foundry(connection: AzureConnection, resourceGroup: string) {
  const client = lazy(() => {
    const sdk = require('@azure/arm-cognitiveservices') as typeof import('@azure/arm-cognitiveservices');
    return new sdk.CognitiveServicesManagementClient(connection.credential, connection.azureSubscriptionId, {
      ...armOptions(connection),
      apiVersion: API_VERSION,
    });
  });

  return {
    /** Foundry accounts in use in a region, if Azure counts them there. */
    async countAccounts(location: string): Promise<number | undefined> {
      return azureCall(`read the quotas of ${location}`, async () => {
        for await (const usage of client().usages.list(location))
          if (usage.name?.value === ACCOUNT_COUNT) return usage.currentValue;
        return undefined;
      });
    },

    async readAccount(name: string): Promise<(Provisioned & { endpoint: string }) | undefined> {
      const found = await readOrAbsent(`read account "${name}"`, () => client().accounts.get(resourceGroup, name));
      return (
        found && {
          state: found.properties?.provisioningState ?? 'Accepted',
          tags: found.tags ?? {},
          endpoint: found.properties?.endpoint ?? '',
        }
      );
    },

    /** Starts the creation; `soft-deleted` when a deleted account holds the name until it is purged. */
    async createAccount(name: string, account: FoundryAccount): Promise<'started' | 'soft-deleted'> {
      const body = {
        location: account.location,
        kind: 'AIServices',
        sku: { name: 'S0' },
        identity: { type: 'SystemAssigned' as const },
        tags: account.tags,
        properties: {
          customSubDomainName: account.subdomain,
          allowProjectManagement: true,
          disableLocalAuth: true,
          publicNetworkAccess: 'Enabled',
        },
      };
      try {
        await azureCall(`create account "${name}"`, () => client().accounts.beginCreate(resourceGroup, name, body));
        return 'started';
      } catch (error) {
        if (error instanceof AzureError && error.code === NAME_IS_SOFT_DELETED) return 'soft-deleted';
        throw error;
      }
    },

    async deleteAccount(name: string): Promise<void> {
      await deleteIfPresent(`delete account "${name}"`, () => client().accounts.beginDelete(resourceGroup, name));
    },

    /** Is the name still held by a deleted account? */
    async isSoftDeleted(location: string, name: string): Promise<boolean> {
      const found = await readOrAbsent(`look for deleted account "${name}"`, () =>
        client().deletedAccounts.get(location, resourceGroup, name),
      );
      return found !== undefined;
    },

    async purgeAccount(location: string, name: string): Promise<void> {
      await deleteIfPresent(`purge account "${name}"`, () =>
        client().deletedAccounts.beginPurge(location, resourceGroup, name),
      );
    },

    async readProject(
      account: string,
      name: string,
    ): Promise<(Provisioned & { principalId?: string; isDefault: boolean }) | undefined> {
      const found = await readOrAbsent(`read project "${account}/${name}"`, () =>
        client().projects.get(resourceGroup, account, name),
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

    async createProject(account: string, name: string, project: FoundryProject): Promise<void> {
      const { location, tags, ...properties } = project;
      const body = { location, tags, identity: { type: 'SystemAssigned' as const }, properties };
      await azureCall(`create project "${account}/${name}"`, () =>
        client().projects.beginCreate(resourceGroup, account, name, body),
      );
    },

    async deleteProject(account: string, name: string): Promise<void> {
      await deleteIfPresent(`delete project "${account}/${name}"`, () =>
        client().projects.beginDelete(resourceGroup, account, name),
      );
    },

    async readConnection(account: string, project: string, name: string): Promise<Connection | undefined> {
      const found = await readOrAbsent(`read connection "${name}"`, () =>
        client().projectConnections.get(resourceGroup, account, project, name),
      );
      return found && { target: found.properties.target ?? '', metadata: found.properties.metadata ?? {} };
    },

    /** `key` is a secret: it goes into the request and nowhere else. */
    async writeConnection(
      account: string,
      project: string,
      name: string,
      { target, metadata }: Connection,
      key: string,
    ) {
      const properties = {
        category: 'ApiManagement',
        authType: 'ApiKey' as const,
        target,
        isSharedToAll: false,
        credentials: { key },
        metadata,
      };
      await azureCall(`write connection "${name}"`, () =>
        client().projectConnections.create(resourceGroup, account, project, name, { connection: { properties } }),
      );
    },

    async deleteConnection(account: string, project: string, name: string): Promise<void> {
      await deleteIfPresent(`delete connection "${name}"`, () =>
        client().projectConnections.delete(resourceGroup, account, project, name),
      );
    },
  };
}
