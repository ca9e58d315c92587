/**
 * KAITO's controller: a Workspace gets a GPU node (an agent pool that the add-on makes by itself), then its pod pulls the image and loads the
 * weights, and conditions tell how far it is. Order and names: pkg/workspace/controllers of https://github.com/kaito-project/kaito.
 */
import type { Azure } from '../azure.js';
import type { ActiveFault } from '../faults.js';
import type { Job } from '../jobs.js';
import type { LatencyName } from '../latencies.js';
import { StatusError } from './errors.js';
import {
  claimNode,
  failNodeOf,
  nodeName,
  poolName,
  poolSteps,
  releaseNode,
  type WorkspaceResource,
} from './kaito-nodes.js';
import { createChildren, setPod } from './kaito-pod.js';
import {
  dropFinalizer,
  type KubernetesObject,
  objectKey,
  readObject,
  recordEvent,
  saveObject,
  timestamp,
  withFinalizer,
} from './objects.js';

/** What comes after the Workspace was created, in this order. */
type Step = 'claim' | 'node' | 'pod' | 'inference';

const STEP_LATENCY: Record<Step, LatencyName> = {
  claim: 'kaitoNodeClaim',
  node: 'kaitoNode',
  pod: 'kaitoImage',
  inference: 'kaitoWeights',
};

const FINALIZER = 'workspace.finalizer.kaito.sh';

const STEP_JOB = 'kaito-step';
const GONE_JOB = 'kaito-gone';

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

export function beginWorkspace(azure: Azure, workspace: KubernetesObject, fault?: ActiveFault): void {
  const begun = save(azure, withFinalizer(workspace, FINALIZER));
  const failure = fault?.kind === 'failed-operation' ? fault.error : undefined;
  if (fault?.kind !== 'stuck-operation') next(azure, begun, 'claim', azure.clock.now(), failure);
}

/** The controller looks at every change, and takes hold again of a Workspace whose finalizer a PUT left out. */
export function holdWorkspace(azure: Azure, workspace: KubernetesObject): void {
  const { deletionTimestamp, finalizers } = workspace.metadata;
  if (!deletionTimestamp && !finalizers?.includes(FINALIZER)) save(azure, withFinalizer(workspace, FINALIZER));
}

export function kaitoSteps(azure: Azure): void {
  poolSteps(azure);
  azure.jobs.on(STEP_JOB, (job) => {
    const workspace = readObject(azure, job.subject);
    // Deleted, or replaced by another of the same name, in the meantime.
    if (workspace?.metadata.uid !== job.data['uid'] || workspace?.metadata.deletionTimestamp) return;
    runStep(azure, workspace!, job);
  });
  azure.jobs.on(GONE_JOB, ({ data, dueMs, subject }) => {
    releaseNode(azure, String(data['pool']), dueMs);
    dropFinalizer(azure, subject, data['uid'], FINALIZER);
  });
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
    const nodeMs = azure.latency('kaitoNode', keyOfWorkspace(workspace));
    const pool = claimNode(azure, workspace, atMs + nodeMs);
    const waiting = conditions(azure, workspace, atMs, [
      ['NodeClaimReady', 'False', 'NodeClaimNotReady', 'waiting for the node claim to be ready'],
      ['ResourceReady', 'False', 'workspaceResourceStatusPending', 'waiting for the node'],
      ['InferenceReady', 'False', 'WorkspaceInferenceStatusPending', 'waiting for the node'],
      ['WorkspaceSucceeded', 'False', 'workspacePending', 'the workspace is not ready'],
    ]);
    // A node of an earlier Workspace of this name serves at once, where the add-on leaves its pools.
    const skippedMs = pool === 'reused' ? nodeMs : 0;
    if (pool === 'refused') failNode(azure, waiting, quotaFailure(azure), atMs);
    else if (pool === 'busy') next(azure, waiting, 'claim', atMs, failure);
    else next(azure, waiting, 'node', atMs - skippedMs, failure);
  },

  node({ atMs, azure, failure, workspace }) {
    if (failure && NODE_FAILURES.test(failure.code)) {
      failNode(azure, workspace, failure, atMs);
      return;
    }
    const ready = conditions(azure, workspace, atMs, [
      ['NodeClaimReady', 'True', 'installNodePluginsSuccess', 'the node claim is ready'],
      ['NodesReady', 'True', 'NodesReady', 'all nodes are ready'],
      ['ResourceReady', 'True', 'workspaceResourceStatusSuccess', 'workspace resource is ready'],
    ]);
    createChildren(azure, ready);
    next(azure, withStatus(azure, ready, { workerNodes: [nodeName(workspace)] }), 'pod', atMs, failure);
  },

  pod({ atMs, azure, failure, workspace }) {
    setPod(azure, workspace, false);
    next(azure, workspace, 'inference', atMs, failure);
  },

  inference({ atMs, azure, failure, workspace }) {
    if (failure) failInference(azure, workspace, failure, atMs);
    else becomeReady(azure, workspace, atMs);
  },
};

function becomeReady(azure: Azure, workspace: KubernetesObject, atMs: number): void {
  setPod(azure, workspace, true);
  const ready = conditions(azure, workspace, atMs, [
    ['InferenceReady', 'True', 'WorkspaceInferenceStatusSuccess', 'Inference has been deployed successfully'],
    ['WorkspaceSucceeded', 'True', 'workspaceSucceeded', 'workspace succeeds'],
  ]);
  withStatus(azure, ready, { state: 'Ready' });
  recordEvent(azure, ready, 'Normal', 'WorkspaceReady', 'the workspace serves');
}

function failNode(azure: Azure, workspace: KubernetesObject, failure: Failure, atMs: number): void {
  failNodeOf(azure, workspace, failure.message);
  const failed = conditions(azure, workspace, atMs, [
    ['NodeClaimReady', 'False', failure.code, failure.message],
    ['ResourceReady', 'False', 'workspaceResourceStatusFailed', failure.message],
  ]);
  recordEvent(azure, failed, 'Warning', failure.code, failure.message);
}

function failInference(azure: Azure, workspace: KubernetesObject, failure: Failure, atMs: number): void {
  setPod(azure, workspace, false, failure.message);
  const failed = conditions(azure, workspace, atMs, [['InferenceReady', 'False', failure.code, failure.message]]);
  withStatus(azure, failed, { state: 'NotReady' });
  recordEvent(azure, failed, 'Warning', failure.code, failure.message);
}

/** The finalizer keeps the Workspace for a while; then pod and Service go with it, and its node after it. */
export function endWorkspace(azure: Azure, workspace: KubernetesObject, fault?: ActiveFault): void {
  if (fault?.kind === 'stuck-operation') return;
  const key = keyOfWorkspace(workspace);
  const dueMs = azure.clock.now() + azure.latency('kaitoDelete', key);
  azure.jobs.schedule(GONE_JOB, key, dueMs, { uid: workspace.metadata.uid, pool: poolName(workspace) });
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

function resourceOf(workspace: KubernetesObject): WorkspaceResource {
  return workspace['resource'] as WorkspaceResource;
}

function quotaFailure({ settings }: Azure): Failure {
  const message = `Operation could not be completed as it results in exceeding approved quota of ${settings.limits.gpuNodes} GPU node(s).`;
  return { code: 'QuotaExceeded', message };
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
