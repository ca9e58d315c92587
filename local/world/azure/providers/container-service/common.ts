/** What clusters and agent pools share: versions, limits, and that one operation runs at a time. */
import { ArmError } from '../../arm/errors.js';
import type { Call, Resource, ResourceType } from '../../arm/resource-type.js';
import { descendants, inMotion, readResource } from '../../arm/resources.js';
import type { Azure } from '../../azure.js';

export const CLUSTERS = 'Microsoft.ContainerService/managedClusters';
export const AGENT_POOLS = `${CLUSTERS}/agentPools`;

/** Stable versions that the SDKs of this project speak, and those around them. */
export const API_VERSIONS = [
  '2025-05-01',
  '2025-07-01',
  '2025-08-01',
  '2025-09-01',
  '2025-10-01',
  '2026-01-01',
  '2026-02-01',
  '2026-03-01',
  '2026-04-01',
  '2026-05-01',
  '2026-06-01',
];

/** "The request should only proceed if an entity matches this string", and "if no entity matches" (swagger). */
export const CONDITIONS = { ifMatch: 'compared', ifNoneMatch: 'tag' } satisfies Partial<ResourceType>;

/** Request limits of the provider. https://learn.microsoft.com/azure/aks/quotas-skus-regions#throttling-limits-on-aks-resource-provider-apis */
export const THROTTLE: ResourceType['throttle'] = {
  PUT: { size: 20, perSecond: 1 / 60 },
  GET: { size: 60, perSecond: 1 },
  LIST: { size: 60, perSecond: 1 },
  PATCH: { size: 60, perSecond: 1 },
  DELETE: { size: 60, perSecond: 1 },
};

/** https://aka.ms/aks-pending-operation */
export function requireClusterAtRest({ azure, id }: Call): void {
  const cluster = readResource(azure, clusterId(id));
  if (cluster && inMotion(cluster)) refuse(`operation (${cluster.properties['provisioningState']})`);
}

export function requirePoolsAtRest(pools: readonly Resource[]): void {
  const busy = pools.find(inMotion);
  if (busy) refuse(`agentpool operation (${busy.name} - ${busy.properties['provisioningState']})`);
}

function refuse(operation: string): never {
  const text = `Operation is not allowed: Another ${operation} is in progress, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details.`;
  throw new ArmError(409, 'OperationNotAllowed', text);
}

export function clusterId({ names, scope }: Call['id']): string {
  return `${scope}/providers/${CLUSTERS}/${names[0]}`;
}

export function poolsOf(azure: Azure, cluster: string): Resource[] {
  return descendants(azure, cluster, AGENT_POOLS);
}

/** Cores of a size by its name: Standard_NC24ads_A100_v4 has 24. */
export function coresOf(vmSize: unknown, count: unknown): number {
  const [, cores = '0'] = /^[a-z]+_[a-z]+(\d+)/i.exec(String(vmSize)) ?? [];
  return Number(cores) * Number(count ?? 1);
}

/** Throws the 400 of a region whose cores are used up. */
export function requireCores({ azure }: Call, cluster: string, wanted: number, except?: string): void {
  const used = poolsOf(azure, cluster)
    .filter(({ name }) => name !== except)
    .reduce((sum, { properties }) => sum + coresOf(properties['vmSize'], properties['count']), 0);
  const { regionalVcpus } = azure.settings.limits;
  if (used + wanted <= regionalVcpus) return;
  const text = `Insufficient regional vcpu quota left for location ${azure.settings.location}. Operation could not be completed as it results in exceeding approved Total Regional Cores quota. Current Limit: ${regionalVcpus}, Current Usage: ${used}, Additional Required: ${wanted}.`;
  throw new ArmError(400, 'ErrCode_InsufficientVCPUQuota', text);
}
