/** Agent pools: made and deleted by whoever asks ARM, and by KAITO's add-on. */
import { z } from 'zod';
import type { ResourceType } from '../../arm/resource-type.js';
import { removeClaim } from '../../kubernetes/node-claims.js';
import { envelope, readOnly } from '../schema.js';
import {
  AGENT_POOLS,
  API_VERSIONS,
  CONDITIONS,
  clusterId,
  coresOf,
  requireClusterAtRest,
  requireCores,
  requirePoolsAtRest,
  THROTTLE,
} from './common.js';

/** https://learn.microsoft.com/azure/aks/quotas-skus-regions */
const POOLS_MAX = 100;
const NODES_MAX = 1_000;

export const POOL_NAME = /^[a-z][a-z0-9]{0,11}$/;

/** Properties that are kept and shown, and change nothing here. */
const anything = z.unknown().optional();

export const poolProperties = z.strictObject({
  count: z.int().min(0).max(NODES_MAX).default(1),
  vmSize: z.string().min(1),
  mode: z.enum(['System', 'User', 'Gateway']).default('User'),
  osType: z.enum(['Linux', 'Windows']).default('Linux'),
  type: z.enum(['VirtualMachineScaleSets', 'AvailabilitySet', 'VirtualMachines']).default('VirtualMachineScaleSets'),
  nodeLabels: z.record(z.string(), z.string()).optional(),
  nodeTaints: z.array(z.string()).optional(),
  gpuProfile: z.looseObject({ driver: z.enum(['Install', 'None']).optional() }).optional(),
  provisioningState: readOnly,
  eTag: readOnly,
  currentOrchestratorVersion: readOnly,
  nodeImageVersion: readOnly,
  status: readOnly,
  osDiskSizeGB: anything,
  osDiskType: anything,
  kubeletDiskType: anything,
  workloadRuntime: anything,
  messageOfTheDay: anything,
  vnetSubnetID: anything,
  podSubnetID: anything,
  podIPAllocationMode: anything,
  osSKU: anything,
  maxCount: anything,
  minCount: anything,
  enableAutoScaling: anything,
  scaleDownMode: anything,
  orchestratorVersion: anything,
  upgradeSettings: anything,
  powerState: anything,
  availabilityZones: anything,
  enableNodePublicIP: anything,
  nodePublicIPPrefixID: anything,
  scaleSetPriority: anything,
  scaleSetEvictionPolicy: anything,
  spotMaxPrice: anything,
  tags: anything,
  proximityPlacementGroupID: anything,
  kubeletConfig: anything,
  linuxOSConfig: anything,
  enableEncryptionAtHost: anything,
  enableUltraSSD: anything,
  enableFIPS: anything,
  gpuInstanceProfile: anything,
  creationData: anything,
  capacityReservationGroupID: anything,
  hostGroupID: anything,
  networkProfile: anything,
  windowsProfile: anything,
  securityProfile: anything,
  gatewayProfile: anything,
  artifactStreamingProfile: anything,
  virtualMachinesProfile: anything,
  localDNSProfile: anything,
});

export const agentPools: ResourceType = {
  type: AGENT_POOLS,
  apiVersions: API_VERSIONS,
  verbs: ['PUT', 'GET', 'DELETE', 'LIST'],
  nameRule: POOL_NAME,
  body: z.strictObject({ ...envelope, properties: poolProperties }),
  etagInBody: true,
  ...CONDITIONS,
  creation: { latency: 'agentPool', headers: true },
  update: { latency: 'agentPoolUpdate', headers: true },
  deletion: { latency: 'agentPoolDelete' },
  throttle: THROTTLE,
  limit: { count: () => POOLS_MAX },
  deleted: (azure, { name }) => removeClaim(azure, name),
  beforeWrite(call, existing) {
    requireClusterAtRest(call);
    if (existing) requirePoolsAtRest([existing]);
    const wanted = call.body['properties'] as z.output<typeof poolProperties> | undefined;
    if (!wanted) return;
    requireCores(call, clusterId(call.id), coresOf(wanted.vmSize, wanted.count), existing?.name);
  },
};
