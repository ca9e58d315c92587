/** AKS clusters: created in minutes with the agent pools that their body names. The Kubernetes API is there once the cluster is. */
import { z } from 'zod';
import { ArmError } from '../../arm/errors.js';
import type { Json, Resource, ResourceType } from '../../arm/resource-type.js';
import { inMotion, readResource, resourcesOfType, saveResource, withPrincipal } from '../../arm/resources.js';
import type { Azure } from '../../azure.js';
import { ensureNamespaces, forgetObjects } from '../../kubernetes/seed.js';
import { envelope, identity, location, readOnly, tags } from '../schema.js';
import { POOL_NAME, poolProperties } from './agent-pools.js';
import {
  AGENT_POOLS,
  API_VERSIONS,
  CLUSTERS,
  CONDITIONS,
  coresOf,
  poolsOf,
  requireClusterAtRest,
  requireCores,
  requirePoolsAtRest,
  THROTTLE,
} from './common.js';
import { kubeconfig } from './kubeconfig.js';

/** Properties that are kept and shown, and change nothing here. */
const anything = z.unknown().optional();

const poolProfile = poolProperties.extend({ name: z.string().regex(POOL_NAME) });

const properties = z.strictObject({
  dnsPrefix: z.string().max(54).optional(),
  agentPoolProfiles: z.array(poolProfile).optional(),
  provisioningState: readOnly,
  powerState: readOnly,
  maxAgentPools: readOnly,
  currentKubernetesVersion: readOnly,
  fqdn: readOnly,
  privateFQDN: readOnly,
  azurePortalFQDN: readOnly,
  resourceUID: readOnly,
  status: readOnly,
  kubernetesVersion: anything,
  fqdnSubdomain: anything,
  linuxProfile: anything,
  windowsProfile: anything,
  servicePrincipalProfile: anything,
  addonProfiles: anything,
  podIdentityProfile: anything,
  oidcIssuerProfile: anything,
  nodeResourceGroup: anything,
  nodeResourceGroupProfile: anything,
  enableRBAC: anything,
  supportPlan: anything,
  networkProfile: anything,
  aadProfile: anything,
  autoUpgradeProfile: anything,
  upgradeSettings: anything,
  autoScalerProfile: anything,
  apiServerAccessProfile: anything,
  diskEncryptionSetID: anything,
  identityProfile: anything,
  privateLinkResources: anything,
  disableLocalAccounts: anything,
  httpProxyConfig: anything,
  securityProfile: anything,
  storageProfile: anything,
  ingressProfile: anything,
  publicNetworkAccess: anything,
  workloadAutoScalerProfile: anything,
  azureMonitorProfile: anything,
  serviceMeshProfile: anything,
  metricsProfile: anything,
  nodeProvisioningProfile: anything,
  bootstrapProfile: anything,
  aiToolchainOperatorProfile: anything,
  schedulerProfile: anything,
  hostedSystemProfile: anything,
});

const body = z.strictObject({
  ...envelope,
  eTag: readOnly,
  location,
  kind: z.string().optional(),
  sku: z
    .strictObject({
      name: z.enum(['Base', 'Automatic']).optional(),
      tier: z.enum(['Free', 'Standard', 'Premium']).optional(),
    })
    .optional(),
  identity: identity.optional(),
  tags: tags.optional(),
  properties,
});

export const clusters: ResourceType = {
  type: CLUSTERS,
  apiVersions: API_VERSIONS,
  verbs: ['PUT', 'PATCH', 'GET', 'DELETE', 'LIST'],
  nameRule: /^[a-zA-Z0-9](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?$/,
  body,
  patch: z.strictObject({ tags: tags.optional() }),
  etagInBody: true,
  ...CONDITIONS,
  creation: { latency: 'managedCluster', headers: true },
  update: { latency: 'managedClusterUpdate', headers: true },
  deletion: { latency: 'managedClusterDelete' },
  throttle: THROTTLE,
  beforeWrite(call, existing) {
    requireClusterAtRest(call);
    if (existing) requirePoolsAtRest(poolsOf(call.azure, existing.id));
    const wanted = call.body['properties'] as z.output<typeof properties> | undefined;
    if (!wanted) return;
    const profiles = wanted.agentPoolProfiles ?? [];
    if (!existing) requireCreatable(call.azure, wanted);
    const cores = profiles.reduce((sum, { count, vmSize }) => sum + coresOf(vmSize, count), 0);
    if (!existing) requireCores(call, call.key, cores);
  },
  build: (call, existing) => ({
    identity: withPrincipal(call.azure, call.key, call.body['identity'] as Json | undefined, existing),
  }),
  completed(azure, cluster) {
    for (const profile of (cluster.properties['agentPoolProfiles'] ?? []) as z.output<typeof poolProfile>[]) {
      savePool(azure, cluster, profile);
    }
    ensureNamespaces(azure);
  },
  deleted: forgetObjects,
  represent: (azure, { id, properties: shown }) => ({
    properties: {
      powerState: { code: 'Running' },
      ...shown,
      agentPoolProfiles: profilesOf(azure, id, shown),
      fqdn: new URL(azure.endpoints.kubernetes).host,
    },
  }),
  actions: {
    listClusterUserCredential({ azure }, cluster) {
      const value = Buffer.from(kubeconfig(azure, cluster)).toString('base64');
      return { status: 200, body: { kubeconfigs: [{ name: 'clusterUser', value }] } };
    },
  },
};

/** Until they are there, the pools are those that were asked for. */
function profilesOf(azure: Azure, id: string, shown: Json): unknown {
  const pools = poolsOf(azure, id);
  return pools.length > 0 ? pools.map(({ name, properties: own }) => ({ name, ...own })) : shown['agentPoolProfiles'];
}

function requireCreatable(azure: Azure, wanted: z.output<typeof properties>): void {
  const [other] = resourcesOfType(azure, CLUSTERS);
  if (other) {
    const text = `The simulated Azure has one Kubernetes API, which belongs to '${other.name}': delete that cluster first.`;
    throw new ArmError(409, 'OneClusterOnly', text);
  }
  if (!wanted.agentPoolProfiles?.some(({ mode }) => mode === 'System')) {
    throw new ArmError(400, 'InvalidParameter', 'Required parameter agentPoolProfiles is missing: a System pool is.');
  }
  if (!wanted.dnsPrefix && !wanted['fqdnSubdomain']) {
    throw new ArmError(400, 'InvalidParameter', 'Required parameter dnsPrefix is missing (null).');
  }
}

function savePool(azure: Azure, cluster: Resource, { name, ...own }: z.output<typeof poolProfile>): void {
  const id = `${cluster.id}/agentPools/${name}`;
  const existing = readResource(azure, id);
  if (existing && inMotion(existing)) return;
  const createdMs = existing?.createdMs ?? azure.clock.now();
  const state = { provisioningState: 'Succeeded' };
  saveResource(azure, { id, name, type: AGENT_POOLS, properties: { ...own, ...state }, etag: '', createdMs });
}
