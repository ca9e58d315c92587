/**
 * The cluster of the shared models: KAITO Workspaces and their load balancer Services in one namespace, the agent pools that KAITO makes, and
 * the events that tell why something does not come up. Authenticated with Entra tokens; local accounts stay off.
 */
import type { V1Service } from '@kubernetes/client-node';
import { lazy } from '../kit/lazy.js';
import { ServiceError } from '../model/service-error.js';
import type { Kubernetes, Removal, ServiceState, WorkspaceState } from '../resources/adapters.js';
import { armCaller, isAbsent } from './arm.js';
import { parseArmId } from './arm-id.js';
import { unreadable } from './azure-error.js';
import { caller } from './call.js';
import { type AzureConnection, armOptions } from './connection.js';
import { type Apis, clusterClient, type ExchangeOptions, type KubernetesObject } from './kubernetes-client.js';

/** Application of the AKS API server in Entra ID, the same in every cloud (AKS, "kubelogin"). */
const AKS_SCOPE = '6dae42f8-4368-4678-94ff-3960e28e3630/.default';

/** Pinned: only reads are made, and every version since 2025-05-01 knows what they read. */
const API_VERSION = '2026-04-01';

const WORKSPACES = { group: 'kaito.sh', version: 'v1beta1', plural: 'workspaces' };

const ADDRESS_WANTED = 'service.beta.kubernetes.io/azure-load-balancer-ipv4';

/** The part of a Service's spec that hai writes; the rest is the cluster's, or somebody else's. */
const WRITTEN_SPEC = ['type', 'externalTrafficPolicy', 'selector', 'ports', 'loadBalancerSourceRanges'];

export function kubernetes(connection: AzureConnection, clusterId: string, namespace: string): Kubernetes {
  const { azureSubscriptionId, resourceGroup, names } = parseArmId(clusterId, 'managedClusters');
  const [cluster] = names;
  const arm = armCaller(connection);
  const api = caller('kubernetes', connection.callDeadlineSeconds);
  const aks = lazy(() => {
    const sdk = require('@azure/arm-containerservice') as typeof import('@azure/arm-containerservice');
    const options = { ...armOptions(connection), apiVersion: API_VERSION };
    return new sdk.ContainerServiceClient(connection.credential, azureSubscriptionId, options);
  });
  const client = clusterClient({
    async readFile(abortSignal) {
      const action = `read how to reach cluster "${cluster}"`;
      const { kubeconfigs } = await arm.ask(action, () =>
        aks().managedClusters.listClusterUserCredentials(resourceGroup, cluster, { format: 'exec', abortSignal }),
      );
      const file = kubeconfigs?.[0]?.value;
      if (!file) throw new ServiceError({ service: 'arm', action, ...unreadable('without a kubeconfig') });
      return Buffer.from(file).toString('utf8');
    },
    async readToken(abortSignal) {
      const token = await connection.credential.getToken(AKS_SCOPE, { abortSignal });
      return token?.token ?? '';
    },
  });

  type Request = (apis: Apis, options: ExchangeOptions) => Promise<unknown>;
  const ask = (action: string, request: Request, body?: object): Promise<KubernetesObject> =>
    api.ask(action, ({ abortSignal }) => client.exchange(abortSignal, request, body));
  const read = (action: string, name: string, request: Request): Promise<KubernetesObject | undefined> =>
    api.read(action, isGone(name), ({ abortSignal }) => client.exchange(abortSignal, request));
  /** The object may stay for a while, marked, until its finalizers are done. */
  async function remove(action: string, name: string, request: Request, body: object): Promise<Removal> {
    const answer = await api.read(action, isGone(name), ({ abortSignal }) =>
      client.exchange(abortSignal, request, body),
    );
    return answer?.['kind'] === 'Status' && answer['status'] === 'Success' ? 'removed' : 'begun';
  }

  return {
    async readCluster() {
      const found = await arm.read(`read cluster "${cluster}"`, isAbsent(clusterId), (options) =>
        aks().managedClusters.get(resourceGroup, cluster, options),
      );
      return (
        found && {
          state: found.provisioningState ?? 'Creating',
          hasKaito: found.aiToolchainOperatorProfile?.enabled ?? false,
        }
      );
    },

    listPools: () =>
      arm.ask(`list the node pools of "${cluster}"`, async (options) => {
        const pools: Awaited<ReturnType<Kubernetes['listPools']>> = [];
        for await (const { name, nodeLabels, provisioningState } of aks().agentPools.list(
          resourceGroup,
          cluster,
          options,
        ))
          pools.push({ name: name ?? '', labels: nodeLabels ?? {}, state: provisioningState ?? '' });
        return pools;
      }),

    async deletePool(name) {
      await arm.remove(`delete node pool "${name}"`, isAbsent(`${clusterId}/agentPools/${name}`), (options) =>
        aks().agentPools.delete(resourceGroup, cluster, name, options).submitted(),
      );
      return 'begun';
    },

    async readWorkspace(name) {
      const found = await read(`read Workspace "${name}"`, name, ({ custom }, options) =>
        custom.getNamespacedCustomObject({ ...WORKSPACES, namespace, name }, options),
      );
      return found && workspaceOf(found);
    },

    /** Instance type and selector of a Workspace cannot change, so there is only a creation. */
    async createWorkspace({ name, labels, instanceType, preset, model }) {
      const body = {
        apiVersion: `${WORKSPACES.group}/${WORKSPACES.version}`,
        kind: 'Workspace',
        metadata: { name, namespace, labels },
        resource: { instanceType, labelSelector: { matchLabels: { apps: model } } },
        inference: { preset: { name: preset } },
      };
      await ask(`create Workspace "${name}"`, ({ custom }, options) =>
        custom.createNamespacedCustomObject({ ...WORKSPACES, namespace, body }, options),
      );
    },

    deleteWorkspace(name, uid) {
      const body = deletionOf(uid);
      return remove(
        `delete Workspace "${name}"`,
        name,
        ({ custom }, options) => custom.deleteNamespacedCustomObject({ ...WORKSPACES, namespace, name, body }, options),
        body,
      );
    },

    async readService(name) {
      const found = await read(`read Service "${name}"`, name, ({ core }, options) =>
        core.readNamespacedService({ name, namespace }, options),
      );
      return found && serviceOf(found);
    },

    async writeService(name, manifest, found) {
      const body = found ? mergedService(found, manifest) : newService(name, namespace, manifest);
      await ask(
        `${found ? 'replace' : 'create'} Service "${name}"`,
        ({ core }, options) =>
          found
            ? core.replaceNamespacedService({ name, namespace, body }, options)
            : core.createNamespacedService({ namespace, body }, options),
        body,
      );
    },

    deleteService(name, uid) {
      const body = deletionOf(uid);
      return remove(
        `delete Service "${name}"`,
        name,
        ({ core }, options) => core.deleteNamespacedService({ name, namespace, body }, options),
        body,
      );
    },

    async readWarning(kind, name) {
      const fieldSelector = `involvedObject.kind=${kind},involvedObject.name=${name}`;
      const { items = [] } = (await ask(`read the events of "${name}"`, ({ core }, options) =>
        core.listNamespacedEvent({ namespace, fieldSelector }, options),
      )) as { items?: EventObject[] };
      const warning = items
        .filter(({ type }) => type === 'Warning')
        .toSorted((a, b) => timeOf(a) - timeOf(b))
        .at(-1);
      return warning && `${warning.reason}: ${warning.message}`;
    },

    async listServicesAt(address) {
      const { items = [] } = (await ask(`list the Services of "${namespace}"`, ({ core }, options) =>
        core.listNamespacedService({ namespace }, options),
      )) as { items?: ServiceObject[] };
      return items
        .filter((service) => addressesOf(service).includes(address))
        .flatMap(({ metadata }) => metadata?.name ?? []);
    },
  };
}

/**
 * Does the API server say that this object does not exist? A namespace that is missing, a kind that is not installed and something on the way
 * say 404 as well, of something else.
 */
const isGone =
  (name: string) =>
  ({ status, code, detail }: ServiceError): boolean =>
    status === 404 && code === 'NotFound' && detail.includes(`"${name}"`) && !detail.startsWith('namespaces ');

/** Only the object that was read: another may have its name by now. */
const deletionOf = (uid: string) => ({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } });

interface Metadata {
  name?: string;
  uid?: string;
  resourceVersion?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  creationTimestamp?: string;
  deletionTimestamp?: string;
}

interface WorkspaceObject {
  metadata?: Metadata;
  resource?: { instanceType?: string };
  inference?: { preset?: { name?: string } };
  status?: { conditions?: WorkspaceState['conditions'] };
}

const workspaceOf = ({ metadata = {}, resource, inference, status }: WorkspaceObject): WorkspaceState => ({
  uid: metadata.uid ?? '',
  preset: inference?.preset?.name ?? '',
  instanceType: resource?.instanceType ?? '',
  labels: metadata.labels ?? {},
  isTerminating: metadata.deletionTimestamp !== undefined,
  conditions: status?.conditions ?? [],
});

interface ServiceObject {
  metadata?: Metadata;
  spec?: { ports?: PortObject[]; loadBalancerIP?: string; [field: string]: unknown };
  status?: { loadBalancer?: { ingress?: { ip?: string }[] } };
}

interface PortObject {
  name?: string;
  port?: number;
  [field: string]: unknown;
}

function serviceOf(raw: ServiceObject): ServiceState {
  const { metadata = {}, spec = {}, status } = raw;
  return {
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    manifest: {
      labels: metadata.labels ?? {},
      annotations: metadata.annotations ?? {},
      spec: Object.fromEntries(Object.entries(spec).filter(([key]) => WRITTEN_SPEC.includes(key))),
    },
    raw,
    isTerminating: metadata.deletionTimestamp !== undefined,
    address: status?.loadBalancer?.ingress?.[0]?.ip,
  };
}

function newService(name: string, namespace: string, { labels, annotations, spec }: ServiceState['manifest']) {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels, annotations }, spec } as V1Service;
}

/** All that was read, with what is wanted in its place: what others have added stays, as does what the cluster has assigned. */
function mergedService(
  { raw, resourceVersion, uid }: ServiceState,
  { labels, annotations, spec }: ServiceState['manifest'],
) {
  const { metadata = {}, spec: before = {}, ...rest } = raw as ServiceObject;
  const ports = (spec['ports'] as PortObject[] | undefined)?.map((port) => ({
    ...sameAs(port, before.ports),
    ...port,
  }));
  return {
    ...rest,
    metadata: {
      ...metadata,
      uid,
      resourceVersion,
      labels: { ...metadata.labels, ...labels },
      annotations: { ...metadata.annotations, ...annotations },
    },
    spec: { ...before, ...spec, ...(ports && { ports }) },
  } as V1Service;
}

/** The port as it was, with its node port: ports are known by their names, and one alone by its number. */
const sameAs = ({ name, port }: PortObject, before: PortObject[] = []): PortObject | undefined =>
  before.find((other) => (name ? other.name === name : other.port === port));

const addressesOf = ({ metadata, spec, status }: ServiceObject): (string | undefined)[] => [
  metadata?.annotations?.[ADDRESS_WANTED],
  spec?.loadBalancerIP,
  ...(status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip),
];

interface EventObject {
  metadata?: Metadata;
  type?: string;
  reason?: string;
  message?: string;
  lastTimestamp?: string | null;
  eventTime?: string | null;
}

/** Events come in no order; a newer kind of them has no `lastTimestamp`. */
const timeOf = ({ eventTime, lastTimestamp, metadata }: EventObject): number =>
  Date.parse(lastTimestamp ?? eventTime ?? metadata?.creationTimestamp ?? '') || 0;
