/** Microsoft.ApiManagement: the types it has here. */
import type { ResourceType } from '../../arm/resource-type.js';
import { apis } from './apis.js';
import { backends } from './backends.js';
import { policies } from './policies.js';
import { products } from './products.js';
import { service } from './service.js';
import { subscription } from './subscriptions.js';

export const apiManagement: ResourceType[] = [service, ...apis, ...policies, ...products, subscription, ...backends];
