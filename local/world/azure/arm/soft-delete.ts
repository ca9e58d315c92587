/**
 * Soft deletion: a resource that is gone keeps its name for a while and can come back with everything that was below it, or be purged. Shared by
 * the types that have it; how they show and restore what is deleted is their own affair.
 */
import type { Azure } from '../azure.js';
import { keyOf } from './resource-id.js';
import type { Resource } from './resource-type.js';
import { descendants, isType, withPrincipal } from './resources.js';

export interface DeletedResource {
  resource: Resource;
  below: Resource[];
  deletedMs: number;
  /** Gone by itself at this time, without a purge. */
  purgeMs: number;
  purging?: boolean;
}

/**
 * 48 hours, for API Management and Azure AI services alike.
 * https://learn.microsoft.com/azure/api-management/soft-delete, https://learn.microsoft.com/azure/ai-services/recover-purge-resources
 */
const RETENTION_MS = 48 * 3_600_000;

const RETENTION_OVER = 'deleted-resource-retention';

export function keepDeleted(azure: Azure, resource: Resource, deletedMs: number): void {
  const key = keyOf(resource.id);
  const purgeMs = deletedMs + RETENTION_MS;
  const below = descendants(azure, key);
  azure.store.put('deleted', key, { resource, below, deletedMs, purgeMs } satisfies DeletedResource);
  azure.jobs.schedule(RETENTION_OVER, key, purgeMs, { deletedMs });
}

export function softDeleteSteps(azure: Azure): void {
  azure.jobs.on(RETENTION_OVER, ({ data, subject }) => {
    // Restored and deleted again in the meantime: that deletion has a job of its own.
    if (findDeleted(azure, subject)?.deletedMs === data['deletedMs']) azure.store.delete('deleted', subject);
  });
}

export function findDeleted({ store }: Azure, idOrKey: string): DeletedResource | undefined {
  return store.get<DeletedResource>('deleted', keyOf(idOrKey));
}

export function listDeleted({ store }: Azure, type: string): DeletedResource[] {
  return store.list<DeletedResource>('deleted').filter(({ resource }) => isType(resource, type));
}

/** Puts back what was below; the caller restores the resource itself. */
export function takeDeleted(azure: Azure, key: string): DeletedResource | undefined {
  const found = findDeleted(azure, key);
  if (!found) return undefined;
  azure.store.delete('deleted', key);
  for (const resource of found.below) {
    azure.store.put('resources', keyOf(resource.id), resource);
    withPrincipal(azure, keyOf(resource.id), resource.identity, resource);
  }
  return found;
}

export function markPurging({ store }: Azure, deleted: DeletedResource): void {
  store.put('deleted', keyOf(deleted.resource.id), { ...deleted, purging: true });
}

/** Ends a purge that was asked for; one whose resource was restored in the meantime purges nothing. */
export function endPurge(azure: Azure, key: string): void {
  if (findDeleted(azure, key)?.purging) azure.store.delete('deleted', key);
}
