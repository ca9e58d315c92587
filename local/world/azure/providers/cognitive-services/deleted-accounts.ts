/** Soft-deleted accounts: listed, read and purged at the Azure subscription, gone by themselves after 48 hours. */
import { notFound } from '../../arm/errors.js';
import { keyOf } from '../../arm/resource-id.js';
import type { Call, Json, Resource, ResourceType } from '../../arm/resource-type.js';
import type { Azure } from '../../azure.js';
import { ACCOUNTS, API_VERSIONS } from './common.js';

export interface DeletedAccount {
  resource: Resource;
  deletedMs: number;
  purging?: boolean;
}

/** https://learn.microsoft.com/azure/ai-services/recover-purge-resources */
const RETENTION_MS = 48 * 3_600_000;

const PURGE = 'purge-account';

export function deletedAccounts({ store }: Azure): DeletedAccount[] {
  return store.list<DeletedAccount>('deletedAccounts');
}

export function keepDeleted(azure: Azure, resource: Resource, deletedMs: number): void {
  const key = keyOf(resource.id);
  azure.store.put('deletedAccounts', key, { resource, deletedMs } satisfies DeletedAccount);
  azure.jobs.schedule(PURGE, key, deletedMs + RETENTION_MS, { deletedMs });
}

/** A purge that was asked for, or the end of the retention; the name is free afterwards. */
export function endPurges(azure: Azure): void {
  azure.jobs.on(PURGE, ({ data, subject }) => {
    const deleted = azure.store.get<DeletedAccount>('deletedAccounts', subject);
    // Restored and deleted again in the meantime: that deletion has a job of its own.
    if (deleted?.deletedMs === data['deletedMs']) azure.store.delete('deletedAccounts', subject);
  });
}

const TYPE = 'Microsoft.CognitiveServices/locations/resourceGroups/deletedAccounts';

function find(call: Call): { key: string; deleted: DeletedAccount } {
  const { azure, id } = call;
  const [region, group, name] = id.names;
  const key = keyOf(`/subscriptions/${id.subscriptionId}/resourceGroups/${group}/providers/${ACCOUNTS}/${name}`);
  const deleted = azure.store.get<DeletedAccount>('deletedAccounts', key);
  if (deleted?.resource.location?.toLowerCase() !== region?.toLowerCase() || !deleted) {
    throw notFound(`The deleted account '${name}' in '${region}'`);
  }
  return { key, deleted };
}

function show({ azure }: Call, { deletedMs, resource }: DeletedAccount): Json {
  const { createdMs, etag, hidden, ...shown } = resource;
  const purgeMs = deletedMs + RETENTION_MS;
  const [, group] = /\/resourceGroups\/([^/]+)\//i.exec(resource.id) ?? [];
  const base = `/subscriptions/${azure.settings.subscriptionId}/providers/Microsoft.CognitiveServices`;
  return {
    ...shown,
    id: `${base}/locations/${resource.location}/resourceGroups/${group}/deletedAccounts/${resource.name}`,
    type: 'Microsoft.CognitiveServices/deletedAccounts',
    properties: {
      ...resource.properties,
      deletionDate: new Date(deletedMs).toISOString(),
      scheduledPurgeDate: new Date(purgeMs).toISOString(),
    },
  };
}

export const deletedAccountTypes: ResourceType[] = [
  {
    type: TYPE,
    apiVersions: API_VERSIONS,
    verbs: ['GET', 'DELETE'],
    parentless: true,
    custom: {
      GET: (call) => ({ status: 200, body: show(call, find(call).deleted) }),
      DELETE(call) {
        const { deleted, key } = find(call);
        const { azure } = call;
        const dueMs = azure.clock.now() + azure.latency('foundryPurge', key);
        if (!deleted.purging) azure.jobs.schedule(PURGE, key, dueMs, { deletedMs: deleted.deletedMs });
        azure.store.put('deletedAccounts', key, { ...deleted, purging: true });
        return { status: 202 };
      },
    },
  },
  {
    type: 'Microsoft.CognitiveServices/deletedAccounts',
    apiVersions: API_VERSIONS,
    verbs: ['LIST'],
    parentless: true,
    custom: {
      LIST: (call) => ({ status: 200, body: { value: deletedAccounts(call.azure).map((one) => show(call, one)) } }),
    },
  },
];
