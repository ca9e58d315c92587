/**
 * KAITO's controller: a Workspace gets a GPU node (an agent pool that the add-on makes by itself), then its pod pulls the image and loads the
 * weights, and conditions tell how far it is. Order and names: pkg/workspace/controllers of https://github.com/kaito-project/kaito.
 */
import { createHash } from 'node:crypto';
import { keyOf } from '../arm/resource-id.js';
import type { Resource } from '../arm/resource-type.js';
import { descendants, readResource, resourcesOfType, saveResource } from '../arm/resources.js';
import type { Azure } from '../azure.js';
import type { ActiveFault } from '../faults.js';
import type { Job } from '../jobs.js';
import type { LatencyName } from '../latencies.js';
import { StatusError } from './errors.js';
import {
  createObject,
  type KubernetesObject,
  objectKey,
  readObject,
  recordEvent,
  removeObject,
  saveObject,
  timestamp,
} from './objects.js';

/** What comes after the Workspace was created, in this order. */
type Step = 'claim' | 'node' | 'pod' | 'inference';

const STEP_LATENCY: Record<Step, LatencyName> = {
  claim: 'kaitoNodeClaim',
  node: 'kaitoNode',
  pod: 'kaitoImage',
  inference: 'kaitoWeights',
};

const STEP_JOB = 'kaito-step';
const GONE_JOB = 'kaito-gone';

const CLUSTERS = 'Microsoft.ContainerService/managedClusters';

/** Failures of the node, not of the model server: what Azure says when it cannot give a GPU. */
const NODE_FAILURES = /quota|allocation|sku|capacity|overconstrained/i;

interface Failure {
  code: string;
  message: string;
}

interface Condition {
  type: string;
  status: 'True' | 'False';
  reason: string;
  message: string;
  lastTransitionTime: string;
}

export function beginWorkspace(azure: Azure, workspace: KubernetesObject, fault?: ActiveFault): KubernetesObject {
  const finalizers = ['workspace.finalizer.kaito.sh'];
  const begun = save(azure, { ...workspace, metadata: { ...workspace.metadata, finalizers } });
  const failure = fault?.kind === 'failed-operation' ? fault.error : undefined;
  if (fault?.kind !== 'stuck-operation') next(azure, begun, 'claim', azure.clock.now(), failure);
  return begun;
}

export function kaitoSteps(azure: Azure): void {
  azure.jobs.on(STEP_JOB, (job) => {
    const workspace = readObject(azure, job.subject);
    // Deleted, or replaced by another of the same name, in the meantime.
    if (workspace?.metadata.uid !== job.data['uid'] || workspace?.metadata.deletionTimestamp) return;
    runStep(azure, workspace!, job);
  });
  azure.jobs.on(GONE_JOB, ({ subject }) => removeObject(azure, subject));
}

function next(azure: Azure, workspace: KubernetesObject, step: Step, fromMs: number, failure?: Failure): void {
  const key = keyOfWorkspace(workspace);
  const dueMs = fromMs + azure.latency(STEP_LATENCY[step], key);
  azure.jobs.schedule(STEP_JOB, key, dueMs, { uid: workspace.metadata.uid, step, failure });
}

interface Run {
  azure: Azure;
  workspace: KubernetesObject;
  atMs: number;
  /** Waits to be told at the step where it belongs. */
  failure?: Failure;
}

function runStep(azure: Azure, workspace: KubernetesObject, { data, dueMs }: Job): void {
  RUN[data['step'] as Step]({ azure, workspace, atMs: dueMs, failure: data['failure'] as Failure | undefined });
}

const RUN: Record<Step, (run: Run) => void> = {
  claim({ atMs, azure, failure, workspace }) {
    const pool = claimNode(azure, workspace);
    const waiting = conditions(azure, workspace, atMs, [
      ['NodeClaimReady', 'False', 'NodeClaimNotReady', 'waiting for the node claim to be ready'],
      ['ResourceReady', 'False', 'workspaceResourceStatusPending', 'waiting for the node'],
      ['InferenceReady', 'False', 'WorkspaceInferenceStatusPending', 'waiting for the node'],
      ['WorkspaceSucceeded', 'False', 'workspacePending', 'the workspace is not ready'],
    ]);
    // A node of an earlier Workspace of this name serves at once: the add-on leaves its pools.
    const skippedMs = pool === 'reused' ? azure.latency('kaitoNode', keyOfWorkspace(workspace)) : 0;
    if (pool === 'refused') failNode(azure, waiting, quotaFailure(azure), atMs);
    else next(azure, waiting, 'node', atMs - skippedMs, failure);
  },

  node({ atMs, azure, failure, workspace }) {
    if (failure && NODE_FAILURES.test(failure.code)) {
      failNode(azure, workspace, failure, atMs);
      return;
    }
    setPoolState(azure, workspace, 'Succeeded');
    const ready = conditions(azure, workspace, atMs, [
      ['NodeClaimReady', 'True', 'installNodePluginsSuccess', 'the node claim is ready'],
      ['NodesReady', 'True', 'NodesReady', 'all nodes are ready'],
      ['ResourceReady', 'True', 'workspaceResourceStatusSuccess', 'workspace resource is ready'],
    ]);
    createChildren(azure, ready);
    next(azure, withStatus(azure, ready, { workerNodes: [nodeName(workspace)] }), 'pod', atMs, failure);
  },

  pod({ atMs, azure, failure, workspace }) {
    setPod(azure, workspace, 'Running', false);
    next(azure, workspace, 'inference', atMs, failure);
  },

  inference({ atMs, azure, failure, workspace }) {
    if (failure) failInference(azure, workspace, failure, atMs);
    else becomeReady(azure, workspace, atMs);
  },
};

function becomeReady(azure: Azure, workspace: KubernetesObject, atMs: number): void {
  setPod(azure, workspace, 'Running', true);
  const ready = conditions(azure, workspace, atMs, [
    ['InferenceReady', 'True', 'WorkspaceInferenceStatusSuccess', 'Inference has been deployed successfully'],
    ['WorkspaceSucceeded', 'True', 'workspaceSucceeded', 'workspace succeeds'],
  ]);
  withStatus(azure, ready, { state: 'Ready' });
  recordEvent(azure, ready, 'Normal', 'WorkspaceReady', 'the workspace serves');
}

function failNode(azure: Azure, workspace: KubernetesObject, failure: Failure, atMs: number): void {
  setPoolState(azure, workspace, 'Failed');
  const failed = conditions(azure, workspace, atMs, [
    ['NodeClaimReady', 'False', failure.code, failure.message],
    ['ResourceReady', 'False', 'workspaceResourceStatusFailed', failure.message],
  ]);
  recordEvent(azure, failed, 'Warning', failure.code, failure.message);
}

function failInference(azure: Azure, workspace: KubernetesObject, failure: Failure, atMs: number): void {
  setPod(azure, workspace, 'Running', false, failure);
  const failed = conditions(azure, workspace, atMs, [['InferenceReady', 'False', failure.code, failure.message]]);
  withStatus(azure, failed, { state: 'NotReady' });
  recordEvent(azure, failed, 'Warning', failure.code, failure.message);
}

/** A finalizer keeps the Workspace for a while; pod and Service go with it, the agent pool stays and bills. */
export function deleteWorkspace(azure: Azure, workspace: KubernetesObject, fault?: ActiveFault): KubernetesObject {
  if (workspace.metadata.deletionTimestamp) return workspace;
  const key = keyOfWorkspace(workspace);
  const nowMs = azure.clock.now();
  const deletionTimestamp = timestamp(nowMs);
  const marked = save(azure, { ...workspace, metadata: { ...workspace.metadata, deletionTimestamp } });
  if (fault?.kind !== 'stuck-operation') azure.jobs.schedule(GONE_JOB, key, nowMs + azure.latency('kaitoDelete', key));
  return marked;
}

/** Rules of the admission webhook for updates, and the one this simulator adds: a preset is not exchanged in place. */
export function requireUnchangeable(workspace: KubernetesObject, before: KubernetesObject): void {
  for (const [path, read] of Object.entries(UNCHANGEABLE)) {
    if (JSON.stringify(read(workspace)) === JSON.stringify(read(before))) continue;
    const text = `admission webhook "validation.workspace.kaito.sh" denied the request: validation failed: field is immutable: ${path}`;
    throw new StatusError(400, text, 'BadRequest');
  }
}

const UNCHANGEABLE: Record<string, (workspace: KubernetesObject) => unknown> = {
  'resource.instanceType': (workspace) => resourceOf(workspace).instanceType,
  'resource.labelSelector': (workspace) => resourceOf(workspace).labelSelector,
  'inference.preset.name': (workspace) => (workspace['inference'] as { preset?: { name?: string } }).preset?.name,
};

function resourceOf(workspace: KubernetesObject) {
  return workspace['resource'] as { instanceType: string; labelSelector: { matchLabels?: Record<string, string> } };
}

/** The pool of this Workspace: new, or one left by an earlier Workspace with the same labels and size. */
function claimNode(azure: Azure, workspace: KubernetesObject): 'created' | 'reused' | 'refused' {
  const [cluster] = resourcesOfType(azure, CLUSTERS);
  if (!cluster) return 'refused';
  const id = `${cluster.id}/agentPools/${poolName(workspace)}`;
  const existing = readResource(azure, id);
  if (existing?.properties['provisioningState'] === 'Succeeded') return 'reused';
  const gpuPools = descendants(azure, cluster.id, `${CLUSTERS}/agentPools`).filter(isKaitoPool);
  if (!existing && gpuPools.length >= azure.settings.limits.gpuNodes) return 'refused';
  const { instanceType, labelSelector } = resourceOf(workspace);
  const { name, namespace = '' } = workspace.metadata;
  saveResource(azure, {
    id,
    name: poolName(workspace),
    type: `${CLUSTERS}/agentPools`,
    properties: {
      count: 1,
      vmSize: instanceType,
      mode: 'User',
      osType: 'Linux',
      nodeLabels: {
        'kaito.sh/workspace': name,
        'kaito.sh/workspacenamespace': namespace,
        ...labelSelector.matchLabels,
      },
      nodeTaints: ['sku=gpu:NoSchedule'],
      provisioningState: 'Creating',
    },
    etag: '',
    createdMs: azure.clock.now(),
  });
  return 'created';
}

function isKaitoPool({ properties }: Resource): boolean {
  return 'kaito.sh/workspace' in ((properties['nodeLabels'] ?? {}) as object);
}

function quotaFailure({ settings }: Azure): Failure {
  const message = `Operation could not be completed as it results in exceeding approved quota of ${settings.limits.gpuNodes} GPU node(s).`;
  return { code: 'QuotaExceeded', message };
}

function setPoolState(azure: Azure, workspace: KubernetesObject, provisioningState: string): void {
  const [cluster] = resourcesOfType(azure, CLUSTERS);
  const pool = cluster && readResource(azure, keyOf(`${cluster.id}/agentPools/${poolName(workspace)}`));
  if (pool) saveResource(azure, { ...pool, properties: { ...pool.properties, provisioningState } });
}

/** `ws` and a hash: agent pools have at most twelve letters and digits. */
function poolName({ metadata }: KubernetesObject): string {
  return `ws${createHash('sha256').update(`${metadata.namespace}/${metadata.name}`).digest('hex').slice(0, 9)}`;
}

function nodeName(workspace: KubernetesObject): string {
  return `aks-${poolName(workspace)}-12345678-vmss000000`;
}

/** The pod of the StatefulSet and KAITO's own ClusterIP Service, both owned by the Workspace. */
function createChildren(azure: Azure, workspace: KubernetesObject): void {
  const { name, namespace, uid } = workspace.metadata;
  const labels = { 'kaito.sh/workspace': name };
  const ownerReferences = [{ apiVersion: workspace.apiVersion, kind: workspace.kind, name, uid: uid ?? '' }];
  const podName = `${name}-0`;
  createObject(azure, objectKey('pods', namespace, podName), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName,
      namespace,
      labels: { ...labels, 'statefulset.kubernetes.io/pod-name': podName },
      ownerReferences,
    },
    spec: { nodeName: nodeName(workspace), containers: [{ name, ports: [{ containerPort: 5000 }] }] },
    status: {
      phase: 'Pending',
      containerStatuses: [{ name, ready: false, state: { waiting: { reason: 'ContainerCreating' } } }],
    },
  });
  const key = objectKey('services', namespace, name);
  if (readObject(azure, key)) return;
  createObject(azure, key, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels, ownerReferences },
    spec: {
      type: 'ClusterIP',
      selector: labels,
      ports: [{ name: 'http', port: 80, targetPort: 5000, protocol: 'TCP' }],
    },
    status: { loadBalancer: {} },
  });
}

function setPod(azure: Azure, workspace: KubernetesObject, phase: string, ready: boolean, failure?: Failure): void {
  const key = objectKey('pods', workspace.metadata.namespace, `${workspace.metadata.name}-0`);
  const pod = readObject(azure, key);
  if (!pod) return;
  const state = failure ? { waiting: { reason: 'CrashLoopBackOff', message: failure.message } } : { running: {} };
  const containerStatuses = [{ name: workspace.metadata.name, ready, restartCount: failure ? 5 : 0, state }];
  const podConditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  saveObject(azure, key, { ...pod, status: { phase, conditions: podConditions, containerStatuses } });
}

function conditions(
  azure: Azure,
  workspace: KubernetesObject,
  atMs: number,
  changes: [type: string, status: 'True' | 'False', reason: string, message: string][],
): KubernetesObject {
  const status = (workspace['status'] ?? { state: 'Pending', targetNodeCount: 1 }) as { conditions?: Condition[] };
  const byType = new Map((status.conditions ?? []).map((condition) => [condition.type, condition]));
  for (const [type, state, reason, message] of changes) {
    const before = byType.get(type);
    const lastTransitionTime = before?.status === state ? before.lastTransitionTime : timestamp(atMs);
    byType.set(type, { type, status: state, reason, message, lastTransitionTime });
  }
  return save(azure, { ...workspace, status: { ...status, conditions: [...byType.values()] } });
}

function withStatus(azure: Azure, workspace: KubernetesObject, change: Record<string, unknown>): KubernetesObject {
  return save(azure, { ...workspace, status: { ...(workspace['status'] as object), ...change } });
}

function save(azure: Azure, workspace: KubernetesObject): KubernetesObject {
  return saveObject(azure, keyOfWorkspace(workspace), workspace);
}

function keyOfWorkspace({ metadata }: KubernetesObject): string {
  return objectKey('workspaces', metadata.namespace, metadata.name);
}
