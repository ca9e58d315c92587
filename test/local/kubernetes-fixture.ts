/** Objects of the cluster for tests, and the real Kubernetes client with what the cluster hands out and a token of the managed identity. */
import type { CoreV1Api, CustomObjectsApi, V1Service } from '@kubernetes/client-node';
import { GROUP, type TestAzure } from './azure-fixture.js';

export const NAMESPACE = 'kaito-models';
export const WORKSPACES = { group: 'kaito.sh', version: 'v1beta1', namespace: NAMESPACE, plural: 'workspaces' };

export function workspace(name = 'workspace-mistral-7b', change: object = {}) {
  return {
    apiVersion: 'kaito.sh/v1beta1',
    kind: 'Workspace',
    metadata: { name, namespace: NAMESPACE },
    resource: { instanceType: 'Standard_NV36ads_A10_v5', labelSelector: { matchLabels: { apps: 'mistral-7b' } } },
    inference: { preset: { name: 'mistral-7b-instruct' } },
    ...change,
  };
}

export function service(annotations: Record<string, string> = {}): V1Service {
  const prefix = 'service.beta.kubernetes.io/azure-load-balancer-';
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'mistral-7b',
      namespace: NAMESPACE,
      annotations: {
        [`${prefix}internal`]: 'true',
        [`${prefix}internal-subnet`]: 'models',
        [`${prefix}ipv4`]: '10.10.7.200',
        ...annotations,
      },
    },
    spec: {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      selector: { 'kaito.sh/workspace': 'workspace-mistral-7b' },
      ports: [{ name: 'http', port: 80, targetPort: 5000, protocol: 'TCP' }],
      loadBalancerSourceRanges: ['10.10.6.0/24'],
    },
  };
}

export async function connect({ aks, credential }: TestAzure): Promise<{ core: CoreV1Api; custom: CustomObjectsApi }> {
  const { CoreV1Api, CustomObjectsApi, KubeConfig } = await import('@kubernetes/client-node');
  const { kubeconfigs } = await aks.managedClusters.listClusterUserCredentials(GROUP, 'aks-hai');
  const config = new KubeConfig();
  config.loadFromString(Buffer.from(kubeconfigs?.[0]?.value ?? []).toString());
  const { token } = await credential.getToken('6dae42f8-4368-4678-94ff-3960e28e3630/.default');
  const cluster = config.getCurrentCluster()!;
  config.loadFromClusterAndUser(cluster, { name: 'hai', token });
  return { core: config.makeApiClient(CoreV1Api), custom: config.makeApiClient(CustomObjectsApi) };
}

/** Server-side apply, as the control plane does it. */
export async function apply(
  { credential, world }: TestAzure,
  path: string,
  object: unknown,
  manager = 'hai',
  force = false,
) {
  const { token } = await credential.getToken('6dae42f8-4368-4678-94ff-3960e28e3630/.default');
  const response = await fetch(`${world.kubernetesUrl}${path}?fieldManager=${manager}&force=${force}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/apply-patch+yaml' },
    body: JSON.stringify(object),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

export async function codeOf(call: Promise<unknown>): Promise<number | undefined> {
  return call.then(
    () => undefined,
    (error: { code?: number }) => error.code,
  );
}
