/**
 * The GPU nodes of KAITO's managed add-on: for each Workspace KAITO makes a NodeClaim, and its gpu-provisioner an agent pool of that name. When
 * the Workspace goes, KAITO deletes the NodeClaim (pkg/workspace/controllers/workspace_gc_finalizer.go of kaito-project/kaito), and the
 * provisioner the pool. Releases of the add-on from 0.4.4 on left both (Azure/vscode-aks-tools#1262): `kaitoLeavesPools`.
 */
import { createHash } from 'node:crypto';
import type { Resource } from '../arm/resource-type.js';
import {
  descendants,
  inMotion,
  readResource,
  removeResource,
  resourcesOfType,
  saveResource,
} from '../arm/resources.js';
import type { Azure } from '../azure.js';
import {
  createClaim,
  isTerminatingClaim,
  type NodeWish,
  removeClaim,
  setClaim,
  terminateClaim,
} from './node-claims.js';
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

const UP_JOB = 'agent-pool-up';
const RELEASE_JOB = 'agent-pool-release';
const GONE_JOB = 'agent-pool-gone';

/** AKS refuses to delete a pool that it is just making: the provisioner comes again (assumed). */
const RELEASE_AGAIN_MS = 15_000;

export function poolSteps(azure: Azure): void {
  azure.jobs.on(UP_JOB, ({ subject }) => {
    const pool = readResource(azure, subject);
    if (pool?.properties['provisioningState'] !== 'Creating') return;
    setState(azure, pool, 'Succeeded');
    setClaim(azure, pool.name, { nodeName: nodeNameOf(pool.name) });
  });
  azure.jobs.on(RELEASE_JOB, ({ dueMs, subject }) => releasePool(azure, subject, dueMs));
  azure.jobs.on(GONE_JOB, ({ dueMs, subject }) => {
    const pool = readResource(azure, subject);
    if (pool) removeResource(azure, pool, dueMs);
  });
}

/** Asks for the node; a new one is up at `readyMs`. */
export function claimNode(azure: Azure, workspace: KubernetesObject, readyMs: number): Claim {
  const [cluster] = resourcesOfType(azure, CLUSTERS);
  if (!cluster) return 'refused';
  const name = poolName(workspace);
  const existing = readResource(azure, idOfPool(cluster, name));
  if (isTerminatingClaim(azure, name) || (existing && inMotion(existing))) return 'busy';
  if (existing?.properties['provisioningState'] === 'Succeeded') return 'reused';
  if (existing) setClaim(azure, name, 'waiting');
  else createClaim(azure, name, wishOf(workspace));
  const gpuPools = descendants(azure, cluster.id, `${CLUSTERS}/agentPools`).filter(isKaitoPool);
  if (!existing && gpuPools.length >= azure.settings.limits.gpuNodes) return 'refused';
  const id = idOfPool(cluster, name);
  saveResource(azure, {
    id,
    name,
    type: `${CLUSTERS}/agentPools`,
    properties: { ...poolProperties(workspace), provisioningState: 'Creating' },
    etag: '',
    createdMs: azure.clock.now(),
  });
  azure.jobs.schedule(UP_JOB, id, readyMs);
  return 'created';
}

function wishOf(workspace: KubernetesObject): NodeWish {
  const { instanceType, labelSelector } = workspace['resource'] as WorkspaceResource;
  const { name, namespace = '' } = workspace.metadata;
  const labels = { 'kaito.sh/workspace': name, 'kaito.sh/workspacenamespace': namespace, ...labelSelector.matchLabels };
  return { instanceType, labels };
}

function poolProperties(workspace: KubernetesObject) {
  const { instanceType, labels } = wishOf(workspace);
  return {
    count: 1,
    vmSize: instanceType,
    mode: 'User',
    osType: 'Linux',
    nodeLabels: labels,
    nodeTaints: ['sku=gpu:NoSchedule'],
  };
}

function isKaitoPool({ properties }: Resource): boolean {
  return 'kaito.sh/workspace' in ((properties['nodeLabels'] ?? {}) as object);
}

/** Says why there is no node; a pool that was begun stays as failed. */
export function failNodeOf(azure: Azure, workspace: KubernetesObject, failure: string): void {
  const [cluster] = resourcesOfType(azure, CLUSTERS);
  const name = poolName(workspace);
  const pool = cluster && readResource(azure, idOfPool(cluster, name));
  if (pool) setState(azure, pool, 'Failed');
  setClaim(azure, name, { failure });
}

/** The Workspace is going: so does its NodeClaim, and with it the pool, unless this is a release that leaves them. */
export function releaseNode(azure: Azure, name: string, atMs: number): void {
  if (azure.settings.kaitoLeavesPools) return;
  terminateClaim(azure, name, atMs);
  releasePool(azure, name, atMs);
}

function releasePool(azure: Azure, name: string, atMs: number): void {
  const [cluster] = resourcesOfType(azure, CLUSTERS);
  const pool = cluster && readResource(azure, idOfPool(cluster, name));
  if (!pool) removeClaim(azure, name);
  else if (inMotion(pool)) azure.jobs.schedule(RELEASE_JOB, name, atMs + RELEASE_AGAIN_MS);
  else {
    setState(azure, pool, 'Deleting');
    azure.jobs.schedule(GONE_JOB, pool.id, atMs + azure.latency('agentPoolDelete', pool.id));
  }
}

function setState(azure: Azure, pool: Resource, provisioningState: string): void {
  saveResource(azure, { ...pool, properties: { ...pool.properties, provisioningState } });
}

function idOfPool(cluster: Resource, name: string): string {
  return `${cluster.id}/agentPools/${name}`;
}

/** `ws` and a hash: agent pools have at most twelve letters and digits. KAITO hashes the time as well, so it never waits for an old pool. */
export function poolName(workspace: KubernetesObject): string {
  const { name, namespace } = workspace.metadata;
  const { instanceType } = workspace['resource'] as WorkspaceResource;
  return `ws${createHash('sha256').update(`${namespace}/${name}/${instanceType}`).digest('hex').slice(0, 9)}`;
}

export function nodeName(workspace: KubernetesObject): string {
  return nodeNameOf(poolName(workspace));
}

function nodeNameOf(pool: string): string {
  return `aks-${pool}-12345678-vmss000000`;
}
