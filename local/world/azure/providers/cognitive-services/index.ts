/** Microsoft.CognitiveServices: the types it has here. */
import { operationTypes } from '../../arm/operations.js';
import type { ResourceType } from '../../arm/resource-type.js';
import { account } from './accounts.js';
import { API_VERSIONS } from './common.js';
import { connections } from './connections.js';
import { deletedAccounts } from './deleted-accounts.js';
import { deployment } from './deployments.js';
import { project } from './projects.js';
import { usages } from './usages.js';

export const cognitiveServices: ResourceType[] = [
  account,
  project,
  deployment,
  ...connections,
  ...deletedAccounts,
  usages,
  ...operationTypes('Microsoft.CognitiveServices', API_VERSIONS),
];
