/**
 * The GPU nodes of KAITO's managed add-on: an agent pool for each Workspace, made by the add-on and left behind by it.
 * https://learn.microsoft.com/azure/aks/ai-toolchain-operator
 */
import { createHash } from 'node:crypto';
import type { Resource } from '../arm/resource-type.js';
import { descendants, inMotion, readResource, resourcesOfType, saveResource } from '../arm/resources.js';
import type { Azure } from '../azure.js';
import type { KubernetesObject } from './objects.js';

const CLUSTERS = 'Microsoft.ContainerService/managedClusters';

/** The field of a Workspace that says what node it wants. */
export interface WorkspaceResource {
  instanceType: string;
  labelSelector: { matchLabels?: Record<string, string> };
}

export type Claim =
  /** A new pool is being made. */
  | 'created'
  /** The pool of an earlier Workspace of this name and size serves at once. */
  | 'reused'
  /** That pool is just being made or deleted. */
  | 'busy'
  /** The quota is used up, or there is no cluster. */
  | 'refused';

const POOL_JOB = 'agent-pool-up';

/** A pool comes up whatever becomes of the Workspace that asked for it. */
export function poolSteps(azure: Azure): void {
  azure.jobs.on(POOL_JOB, ({ subject }) => {
    const pool = readResource(azure, subject);
    if (pool?.properties['provisioningState'] === 'Creating') setState(azure, pool, 'Succeeded');
  });
}

/** Asks for the node; a new one is up at `readyMs`. */
export function claimNode(azure: Azure, workspace: KubernetesObject, readyMs: number): Claim {
  const [cluster] = resourcesOfType(azure, CLUSTERS);
  if (!cluster) return 'refused';
  const id = `${cluster.id}/agentPools/${poolName(workspace)}`;
  const existing = readResource(azure, id);
  if (existing?.properties['provisioningState'] === 'Succeeded') return 'reused';
  if (existing && inMotion(existing)) return 'busy';
  const gpuPools = descendants(azure, cluster.id, `${CLUSTERS}/agentPools`).filter(isKaitoPool);
  if (!existing && gpuPools.length >= azure.settings.limits.gpuNodes) return 'refused';
  saveResource(azure, {
    id,
    name: poolName(workspace),
    type: `${CLUSTERS}/agentPools`,
    properties: { ...poolProperties(workspace), provisioningState: 'Creating' },
    etag: '',
    createdMs: azure.clock.now(),
  });
  azure.jobs.schedule(POOL_JOB, id, readyMs);
  return 'created';
}

function poolProperties(workspace: KubernetesObject) {
  const { instanceType, labelSelector } = workspace['resource'] as WorkspaceResource;
  const { name, namespace = '' } = workspace.metadata;
  return {
    count: 1,
    vmSize: instanceType,
    mode: 'User',
    osType: 'Linux',
    nodeLabels: { 'kaito.sh/workspace': name, 'kaito.sh/workspacenamespace': namespace, ...labelSelector.matchLabels },
    nodeTaints: ['sku=gpu:NoSchedule'],
  };
}

function isKaitoPool({ properties }: Resource): boolean {
  return 'kaito.sh/workspace' in ((properties['nodeLabels'] ?? {}) as object);
}

export function failPool(azure: Azure, workspace: KubernetesObject): void {
  const [cluster] = resourcesOfType(azure, CLUSTERS);
  const pool = cluster && readResource(azure, `${cluster.id}/agentPools/${poolName(workspace)}`);
  if (pool) setState(azure, pool, 'Failed');
}

function setState(azure: Azure, pool: Resource, provisioningState: string): void {
  saveResource(azure, { ...pool, properties: { ...pool.properties, provisioningState } });
}

/** `ws` and a hash: agent pools have at most twelve letters and digits. */
function poolName(workspace: KubernetesObject): string {
  const { name, namespace } = workspace.metadata;
  const { instanceType } = workspace['resource'] as WorkspaceResource;
  return `ws${createHash('sha256').update(`${namespace}/${name}/${instanceType}`).digest('hex').slice(0, 9)}`;
}

export function nodeName(workspace: KubernetesObject): string {
  return `aks-${poolName(workspace)}-12345678-vmss000000`;
}
