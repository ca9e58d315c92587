/** Resource groups: there from the start, read only. */
import type { ResourceType } from '../arm/resource-type.js';

export const resourceGroups: ResourceType[] = [
  {
    type: 'Microsoft.Resources/resourceGroups',
    apiVersions: ['2021-04-01', '2022-09-01', '2024-03-01', '2024-07-01', '2025-04-01'],
    verbs: ['GET', 'HEAD', 'LIST'],
    represent: () => ({ properties: { provisioningState: 'Succeeded' } }),
  },
];
