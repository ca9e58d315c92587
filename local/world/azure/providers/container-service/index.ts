/** Microsoft.ContainerService: the types it has here. */
import { operationTypes } from '../../arm/operations.js';
import type { ResourceType } from '../../arm/resource-type.js';
import { agentPools } from './agent-pools.js';
import { clusters } from './clusters.js';
import { API_VERSIONS } from './common.js';

export const containerService: ResourceType[] = [
  clusters,
  agentPools,
  ...operationTypes('Microsoft.ContainerService', API_VERSIONS),
];
