/** What all requests on items share: their container, partition, faults and session headers. */
import { type CosmosFaults, type CosmosOperation, refuseByFault } from '../faults.js';
import { ridOf } from '../identity.js';
import { type PartitionScope, parsePartitionKey } from '../partition-key.js';
import type { Container, Store } from '../store/store.js';
import { requireContainer } from './account.js';
import { headerOf, type RestRequest } from './message.js';

/** A request on items of a container. */
export interface DocumentScope {
  store: Store;
  container: Container;
  faults: CosmosFaults;
  request: RestRequest;
  nowMs: number;
}

export function documentScope(store: Store, faults: CosmosFaults, request: RestRequest): DocumentScope {
  return { store, faults, request, container: requireContainer(store, request.path), nowMs: request.nowMs };
}

/** The partition that the request names, if it names one. */
export function partitionScope({ request, container }: DocumentScope): PartitionScope | undefined {
  const header = headerOf(request, 'x-ms-documentdb-partitionkey');
  return header === undefined ? undefined : parsePartitionKey(header, container.definition.partitionKey.paths);
}

/** Lets a request on items in, unless a fault refuses it. */
export function enter({ faults, container, nowMs }: DocumentScope, operation: CosmosOperation): void {
  refuseByFault(faults, operation, container.definition.id, nowMs);
}

/** Session tokens and owner, from which clients keep their session. */
export function versionHeaders({ store, container }: DocumentScope): Record<string, string> {
  return {
    'x-ms-session-token': `0:-1#${store.lsn}`,
    'x-ms-alt-content-path': `dbs/${container.databaseId}/colls/${container.definition.id}`,
    'x-ms-content-path': ridOf(container.databaseKey, container.key),
  };
}

export const containerRid = ({ container }: DocumentScope) => ridOf(container.databaseKey, container.key);
