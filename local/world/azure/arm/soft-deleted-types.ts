/** How soft-deleted resources are listed, read and purged: at the Azure subscription and their region, whatever they are. */
import type { LatencyName } from '../latencies.js';
import { notFound } from './errors.js';
import { startOperation } from './operations.js';
import type { Call, Json, ResourceType } from './resource-type.js';
import { type DeletedResource, listDeleted, markPurging } from './soft-delete.js';

export interface SoftDeleted {
  /** The type while it is alive. */
  type: string;
  apiVersions: readonly string[];
  /** Type path of one, below the provider: `locations/deletedServices`. */
  item: string;
  /** Type path of all, below the provider. */
  collection: string;
  purge: LatencyName;
  /** Whether this is what the names of the request mean, region aside. */
  isMeant(deleted: DeletedResource, names: readonly string[]): boolean;
  /** Id below the provider, and what is shown beside the dates. */
  show(deleted: DeletedResource): { path: string; shown: Json; properties: Json };
}

export function softDeletedTypes(rule: SoftDeleted): ResourceType[] {
  const { apiVersions, collection, item, type } = rule;
  const [namespace] = type.split('/');
  const show = ({ azure }: Call, deleted: DeletedResource): Json => {
    const { path, properties, shown } = rule.show(deleted);
    const dates = {
      deletionDate: new Date(deleted.deletedMs).toISOString(),
      scheduledPurgeDate: new Date(deleted.purgeMs).toISOString(),
    };
    return {
      ...shown,
      id: `/subscriptions/${azure.settings.subscriptionId}/providers/${namespace}/${path}`,
      name: deleted.resource.name,
      type: `${namespace}/${collection}`,
      location: deleted.resource.location,
      properties: { ...properties, ...dates },
    };
  };
  return [
    {
      type: `${namespace}/${item}`,
      apiVersions,
      verbs: ['GET', 'DELETE'],
      parentless: true,
      custom: {
        GET: (call) => ({ status: 200, body: show(call, find(call, rule)) }),
        DELETE(call) {
          const deleted = find(call, rule);
          markPurging(call.azure, deleted);
          const operation = { latency: rule.purge, headers: true };
          return { status: 202, headers: startOperation(call.azure, deleted.resource, 'purge', operation, call) };
        },
      },
    },
    {
      type: `${namespace}/${collection}`,
      apiVersions,
      verbs: ['LIST'],
      parentless: true,
      custom: {
        LIST: (call) => ({ status: 200, body: { value: listDeleted(call.azure, type).map((one) => show(call, one)) } }),
      },
    },
  ];
}

function find({ azure, id }: Call, { isMeant, type }: SoftDeleted): DeletedResource {
  const [region = ''] = id.names;
  const found = listDeleted(azure, type).find(
    (deleted) => deleted.resource.location?.toLowerCase() === region.toLowerCase() && isMeant(deleted, id.names),
  );
  if (!found) throw notFound(`The deleted resource '${id.names.at(-1)}' in '${region}'`);
  return found;
}
