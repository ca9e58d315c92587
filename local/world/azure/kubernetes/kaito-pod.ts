/** What a Workspace has in the cluster: the pod of its model server and KAITO's own ClusterIP Service, which go with it. */
import type { Azure } from '../azure.js';
import { nodeName } from './kaito-nodes.js';
import { createObject, type KubernetesObject, objectKey, readObject, saveObject } from './objects.js';

/** Port of the model server in its container. */
const MODEL_PORT = 5000;

export function createChildren(azure: Azure, workspace: KubernetesObject): void {
  const { name, namespace, uid } = workspace.metadata;
  const labels = { 'kaito.sh/workspace': name };
  const owner = { apiVersion: workspace.apiVersion, kind: workspace.kind, name, uid: uid ?? '' };
  const podName = `${name}-0`;
  createObject(azure, objectKey('pods', namespace, podName), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName,
      namespace,
      labels: { ...labels, 'statefulset.kubernetes.io/pod-name': podName },
      ownerReferences: [owner],
    },
    spec: { nodeName: nodeName(workspace), containers: [{ name, ports: [{ containerPort: MODEL_PORT }] }] },
    status: {
      phase: 'Pending',
      containerStatuses: [{ name, ready: false, restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } } }],
    },
  });
  const key = objectKey('services', namespace, name);
  // The controller never touches a Service that is there already.
  if (readObject(azure, key)) return;
  const ports = [{ name: 'http', port: 80, targetPort: MODEL_PORT, protocol: 'TCP' }];
  createObject(azure, key, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels, ownerReferences: [owner] },
    spec: { type: 'ClusterIP', selector: labels, ports },
    status: { loadBalancer: {} },
  });
}

/** The pod runs: still loading, ready, or failing with what its container said. */
export function setPod(azure: Azure, workspace: KubernetesObject, ready: boolean, failureText?: string): void {
  const { name, namespace } = workspace.metadata;
  const key = objectKey('pods', namespace, `${name}-0`);
  const pod = readObject(azure, key);
  if (!pod) return;
  const failed = failureText !== undefined;
  const state = failed ? { waiting: { reason: 'CrashLoopBackOff', message: failureText } } : { running: {} };
  const containerStatuses = [{ name, ready, restartCount: failed ? 5 : 0, state }];
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  saveObject(azure, key, { ...pod, status: { phase: 'Running', conditions, containerStatuses } });
}
