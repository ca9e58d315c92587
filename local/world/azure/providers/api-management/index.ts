/** Microsoft.ApiManagement: the types it has here. */
import { operationTypes } from '../../arm/operations.js';
import type { ResourceType } from '../../arm/resource-type.js';
import { apis } from './apis.js';
import { backends } from './backends.js';
import { API_VERSIONS } from './common.js';
import { deletedServices } from './deleted-services.js';
import { groups } from './groups.js';
import { loggers } from './loggers.js';
import { namedValues } from './named-values.js';
import { policies } from './policies.js';
import { products } from './products.js';
import { service } from './service.js';
import { subscription } from './subscriptions.js';

export const apiManagement: ResourceType[] = [
  service,
  ...deletedServices,
  ...apis,
  ...policies,
  ...products,
  subscription,
  backends,
  namedValues,
  ...loggers,
  groups,
  ...operationTypes('Microsoft.ApiManagement', API_VERSIONS),
];
