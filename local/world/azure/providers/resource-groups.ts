/** Resource groups: made at once, deleted with all that is in them. */
import { z } from 'zod';
import { operationTypes } from '../arm/operations.js';
import type { ResourceType } from '../arm/resource-type.js';
import { envelope, location, readOnly, tags } from './schema.js';

const API_VERSIONS = ['2021-04-01', '2022-09-01', '2024-03-01', '2024-07-01', '2025-04-01'];

const body = z.strictObject({
  ...envelope,
  location,
  managedBy: z.string().optional(),
  tags: tags.optional(),
  properties: readOnly,
});

export const resourceGroups: ResourceType[] = [
  {
    type: 'Microsoft.Resources/resourceGroups',
    apiVersions: API_VERSIONS,
    verbs: ['PUT', 'PATCH', 'GET', 'HEAD', 'DELETE', 'LIST'],
    nameRule: /^[-\w._()]{0,89}[-\w_()]$/,
    body,
    patch: body.partial(),
    deletion: { latency: 'resourceGroupDelete' },
    represent: (_azure, { properties }) => ({
      properties: { provisioningState: properties['provisioningState'] ?? 'Succeeded' },
    }),
  },
  ...operationTypes('Microsoft.Resources', API_VERSIONS),
];
