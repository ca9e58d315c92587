/** All resource types that this Azure knows; a new provider is a file beside this one and a line here. */
import type { ResourceType } from '../arm/resource-type.js';
import { apiManagement } from './api-management/index.js';
import { authorization } from './authorization.js';
import { cognitiveServices } from './cognitive-services/index.js';
import { containerService } from './container-service/index.js';
import { keyVault } from './key-vault.js';
import { privateDns } from './private-dns.js';
import { resourceGroups } from './resource-groups.js';

export const resourceTypes: ResourceType[] = [
  ...resourceGroups,
  ...authorization,
  ...keyVault,
  ...apiManagement,
  ...cognitiveServices,
  ...containerService,
  ...privateDns,
];
