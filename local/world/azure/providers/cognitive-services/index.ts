/** Microsoft.CognitiveServices: the types it has here. */
import { operationTypes } from '../../arm/operations.js';
import type { ResourceType } from '../../arm/resource-type.js';
import { account } from './accounts.js';
import { API_VERSIONS } from './common.js';
import { connections } from './connections.js';
import { deletedAccountTypes } from './deleted-accounts.js';
import { deployment, project } from './projects.js';
import { usages } from './usages.js';

export const cognitiveServices: ResourceType[] = [
  account,
  project,
  deployment,
  ...connections,
  ...deletedAccountTypes,
  usages,
  ...operationTypes('Microsoft.CognitiveServices', API_VERSIONS),
];
