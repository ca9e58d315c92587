/**
 * The cluster of the shared models: KAITO Workspaces and their load balancer Services in one namespace, the agent pools that KAITO makes, and
 * the events that tell why something does not come up. Authenticated with Entra tokens; local accounts stay off.
 */
import { lazy } from '../kit/lazy.js';
import { azureCall, deleteIfPresent, readOrAbsent } from './azure-error.js';
import { type AzureConnection, armOptions } from './connection.js';

/** Application of the AKS API server in Entra ID, the same in every cloud (AKS, "kubelogin"). */
const AKS_SCOPE = '6dae42f8-4368-4678-94ff-3960e28e3630/.default';

/** Pinned: only reads are made, and every version since 2025-05-01 knows what they read. */
const API_VERSION = '2026-04-01';

const WORKSPACES = { group: 'kaito.sh', version: 'v1beta1', plural: 'workspaces' };
const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'hai' };
const LOAD_BALANCER = 'service.beta.kubernetes.io/azure-load-balancer';
/** vLLM's port in the pods of a Workspace. */
const MODEL_PORT = 5000;
/** Label of the agent pools that the KAITO add-on makes. */
export const KAITO_POOL_LABEL = 'kaito.sh/workspace';

export interface Workspace {
  name: string;
  model: string;
  instanceType: string;
  preset: string;
}

export interface WorkspaceState {
  preset: string;
  instanceType: string;
  managedByHai: boolean;
  conditions: { type: string; status: string; reason?: string; message?: string }[];
}

export interface ModelService {
  name: string;
  workspace: string;
  address: string;
  /** The subnet's name, not its id. */
  subnet: string;
  sourceRanges: string[];
}

/** A Service as the cluster stores it. `manifest` holds what a caller writes, `address` what the cloud gave. */
export interface ServiceState {
  manifest: Record<string, unknown>;
  resourceVersion: string;
  address?: string;
}

export function kubernetes(connection: AzureConnection, resourceGroup: string, cluster: string, namespace: string) {
  const arm = lazy(() => {
    const sdk = require('@azure/arm-containerservice') as typeof import('@azure/arm-containerservice');
    return new sdk.ContainerServiceClient(connection.credential, connection.azureSubscriptionId, {
      ...armOptions(connection),
      apiVersion: API_VERSION,
    });
  });
  let clusterFile: string | undefined;

  /** API clients with a current token. The cluster's address and authority are read once. */
  async function apis() {
    const sdk = await import('@kubernetes/client-node');
    clusterFile ??= await readClusterFile();
    const file = new sdk.KubeConfig();
    file.loadFromString(clusterFile);
    const token = await connection.credential.getToken(AKS_SCOPE);
    const config = new sdk.KubeConfig();
    config.loadFromClusterAndUser(file.getCurrentCluster()!, { name: 'hai', token: token?.token ?? '' });
    return { core: config.makeApiClient(sdk.CoreV1Api), custom: config.makeApiClient(sdk.CustomObjectsApi) };
  }

  async function readClusterFile(): Promise<string> {
    const { kubeconfigs } = await azureCall(`read how to reach cluster "${cluster}"`, () =>
      arm().managedClusters.listClusterUserCredentials(resourceGroup, cluster, { format: 'exec' }),
    );
    const file = kubeconfigs?.[0]?.value;
    if (!file) throw new Error(`Cluster "${cluster}" gave no kubeconfig`);
    return Buffer.from(file).toString('utf8');
  }

  return {
    /** State of the cluster and whether the KAITO add-on is on; undefined when there is no such cluster. */
    async readCluster(): Promise<{ state: string; hasKaito: boolean } | undefined> {
      const found = await readOrAbsent(`read cluster "${cluster}"`, () =>
        arm().managedClusters.get(resourceGroup, cluster),
      );
      return (
        found && {
          state: found.provisioningState ?? 'Creating',
          hasKaito: found.aiToolchainOperatorProfile?.enabled ?? false,
        }
      );
    },

    /** Node labels of every agent pool. */
    async listPools(): Promise<{ name: string; labels: Record<string, string> }[]> {
      return azureCall(`list the node pools of "${cluster}"`, async () => {
        const pools: { name: string; labels: Record<string, string> }[] = [];
        for await (const pool of arm().agentPools.list(resourceGroup, cluster))
          pools.push({ name: pool.name ?? '', labels: pool.nodeLabels ?? {} });
        return pools;
      });
    },

    async readWorkspace(name: string): Promise<WorkspaceState | undefined> {
      const { custom } = await apis();
      const found = await readOrAbsent(`read Workspace "${name}"`, () =>
        custom.getNamespacedCustomObject({ ...WORKSPACES, namespace, name }),
      );
      return found === undefined ? undefined : workspaceState(found as WorkspaceObject);
    },

    /** Instance type and selector of a Workspace cannot change, so there is only a creation. */
    async createWorkspace({ name, model, instanceType, preset }: Workspace): Promise<void> {
      const { custom } = await apis();
      const body = {
        apiVersion: `${WORKSPACES.group}/${WORKSPACES.version}`,
        kind: 'Workspace',
        metadata: { name, namespace, labels: MANAGED_BY },
        resource: { instanceType, labelSelector: { matchLabels: { apps: model } } },
        inference: { preset: { name: preset } },
      };
      await azureCall(`create Workspace "${name}"`, () =>
        custom.createNamespacedCustomObject({ ...WORKSPACES, namespace, body }),
      );
    },

    async deleteWorkspace(name: string): Promise<void> {
      const { custom } = await apis();
      await deleteIfPresent(`delete Workspace "${name}"`, () =>
        custom.deleteNamespacedCustomObject({ ...WORKSPACES, namespace, name }),
      );
    },

    async readService(name: string): Promise<ServiceState | undefined> {
      const { core } = await apis();
      const found = await readOrAbsent(`read Service "${name}"`, () => core.readNamespacedService({ name, namespace }));
      if (!found) return undefined;
      const { status, metadata, spec } = found;
      return {
        manifest: {
          labels: metadata?.labels ?? {},
          annotations: metadata?.annotations ?? {},
          spec: writableSpec(spec ?? {}),
        },
        resourceVersion: metadata?.resourceVersion ?? '',
        address: status?.loadBalancer?.ingress?.[0]?.ip,
      };
    },

    /** Creates the Service, or replaces the version that `replacing` names. */
    async writeService(name: string, manifest: Record<string, unknown>, replacing?: string): Promise<void> {
      const { core } = await apis();
      const { labels, annotations, spec } = manifest as { labels: object; annotations: object; spec: object };
      const metadata = { name, namespace, labels: { ...labels }, annotations: { ...annotations } };
      if (replacing === undefined) {
        const body = { apiVersion: 'v1', kind: 'Service', metadata, spec };
        await azureCall(`create Service "${name}"`, () => core.createNamespacedService({ namespace, body }));
        return;
      }
      const body = { apiVersion: 'v1', kind: 'Service', metadata: { ...metadata, resourceVersion: replacing }, spec };
      await azureCall(`replace Service "${name}"`, () => core.replaceNamespacedService({ name, namespace, body }));
    },

    async deleteService(name: string): Promise<void> {
      const { core } = await apis();
      await deleteIfPresent(`delete Service "${name}"`, () => core.deleteNamespacedService({ name, namespace }));
    },

    /** Newest warning about an object, in the cluster's words. */
    async readWarning(name: string): Promise<string | undefined> {
      const { core } = await apis();
      const { items } = await azureCall(`read the events of "${name}"`, () =>
        core.listNamespacedEvent({ namespace, fieldSelector: `involvedObject.name=${name}` }),
      );
      const warning = items.findLast((event) => event.type === 'Warning');
      return warning && `${warning.reason}: ${warning.message}`;
    },
  };
}

/** What hai writes of a model's Service: an internal load balancer with a fixed address, open to gateway and control plane only. */
export function modelServiceManifest({
  workspace,
  address,
  subnet,
  sourceRanges,
}: ModelService): Record<string, unknown> {
  return {
    labels: MANAGED_BY,
    annotations: {
      [`${LOAD_BALANCER}-internal`]: 'true',
      [`${LOAD_BALANCER}-internal-subnet`]: subnet,
      [`${LOAD_BALANCER}-ipv4`]: address,
    },
    spec: {
      type: 'LoadBalancer',
      // Keeps the caller's address, without which a NetworkPolicy by address cannot match.
      externalTrafficPolicy: 'Local',
      selector: { 'kaito.sh/workspace': workspace },
      ports: [{ name: 'http', port: 80, targetPort: MODEL_PORT, protocol: 'TCP' }],
      loadBalancerSourceRanges: sourceRanges,
    },
  };
}

interface WorkspaceObject {
  metadata?: { labels?: Record<string, string> };
  resource?: { instanceType?: string };
  inference?: { preset?: { name?: string } };
  status?: { conditions?: WorkspaceState['conditions'] };
}

const workspaceState = ({ metadata, resource, inference, status }: WorkspaceObject): WorkspaceState => ({
  preset: inference?.preset?.name ?? '',
  instanceType: resource?.instanceType ?? '',
  managedByHai: metadata?.labels?.['app.kubernetes.io/managed-by'] === 'hai',
  conditions: status?.conditions ?? [],
});

/** The part of a Service's spec that hai writes; the rest is the cluster's. */
function writableSpec(spec: object): Record<string, unknown> {
  const written = ['type', 'externalTrafficPolicy', 'selector', 'ports', 'loadBalancerSourceRanges'];
  return Object.fromEntries(Object.entries(spec).filter(([key]) => written.includes(key)));
}
