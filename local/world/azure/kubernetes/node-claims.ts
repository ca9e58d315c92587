/**
 * NodeClaims: what KAITO asks its provisioner for, and where the provisioner says why there is no node.
 * Manifest: pkg/utils/nodeclaim/nodeclaim.go of https://github.com/kaito-project/kaito; reasons assumed from Karpenter's.
 */
import type { Azure } from '../azure.js';
import {
  createObject,
  type KubernetesObject,
  objectKey,
  readObject,
  removeObject,
  saveObject,
  timestamp,
} from './objects.js';

/** Held by the provisioner until the node is gone. */
const FINALIZER = 'karpenter.sh/termination';

export interface NodeWish {
  instanceType: string;
  labels: Record<string, string>;
}

/** How far it is: waiting for Azure, a node that serves, or why there is none. */
export type ClaimState = 'waiting' | { nodeName: string } | { failure: string };

export function createClaim(azure: Azure, name: string, { instanceType, labels }: NodeWish): void {
  const only = (key: string, value: string) => ({ key, operator: 'In', values: [value] });
  createObject(azure, keyOf(name), {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodeClaim',
    metadata: {
      name,
      labels: { 'karpenter.sh/nodepool': 'kaito', ...labels },
      annotations: { 'karpenter.sh/do-not-disrupt': 'true' },
      finalizers: [FINALIZER],
    },
    spec: {
      nodeClassRef: { group: 'kaito.sh', kind: 'KaitoNodeClass', name: 'default' },
      taints: [{ key: 'sku', value: 'gpu', effect: 'NoSchedule' }],
      requirements: [
        only('karpenter.sh/nodepool', 'kaito'),
        only('node.kubernetes.io/instance-type', instanceType),
        only('kubernetes.io/os', 'linux'),
      ],
    },
    status: statusOf(azure, 'waiting'),
  });
}

export function setClaim(azure: Azure, name: string, state: ClaimState): void {
  const claim = readObject(azure, keyOf(name));
  if (claim) saveObject(azure, keyOf(name), { ...claim, status: statusOf(azure, state) });
}

/** Deleted, and kept by its finalizer while the node goes. */
export function terminateClaim(azure: Azure, name: string, atMs: number): void {
  const claim = readObject(azure, keyOf(name));
  if (!claim || claim.metadata.deletionTimestamp) return;
  const metadata = { ...claim.metadata, deletionTimestamp: timestamp(atMs), deletionGracePeriodSeconds: 0 };
  saveObject(azure, keyOf(name), { ...claim, metadata });
}

export function isTerminatingClaim(azure: Azure, name: string): boolean {
  return readObject(azure, keyOf(name))?.metadata.deletionTimestamp !== undefined;
}

/** The provisioner's finalizer is done, or its agent pool was deleted by somebody else. */
export function removeClaim(azure: Azure, name: string): void {
  removeObject(azure, keyOf(name));
}

function statusOf(azure: Azure, state: ClaimState): KubernetesObject['status'] {
  const lastTransitionTime = timestamp(azure.clock.now());
  const condition = (type: string, status: string, reason: string, message = '') => ({
    type,
    status,
    reason,
    message,
    lastTransitionTime,
  });
  if (state === 'waiting') {
    return {
      conditions: [
        condition('Launched', 'Unknown', 'AwaitingReconciliation', 'object is awaiting reconciliation'),
        condition(
          'Ready',
          'Unknown',
          'AwaitingReconciliation',
          'Initialized=Unknown, Launched=Unknown, Registered=Unknown',
        ),
      ],
    };
  }
  if ('failure' in state) {
    return {
      conditions: [
        condition('Launched', 'False', 'LaunchFailed', state.failure),
        condition('Ready', 'False', 'NotReady', 'Launched=False'),
      ],
    };
  }
  const ready = ['Launched', 'Registered', 'Initialized', 'Ready'].map((type) => condition(type, 'True', type));
  return { nodeName: state.nodeName, conditions: ready };
}

function keyOf(name: string): string {
  return objectKey('nodeclaims', undefined, name);
}
