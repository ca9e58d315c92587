/** The vault as a resource: what says where its data plane is. Secrets live there; here they are scopes of role assignments. */
import type { ResourceType } from '../arm/resource-type.js';

const API_VERSIONS = ['2023-07-01', '2024-11-01', '2025-05-01', '2026-02-01'];

export const keyVault: ResourceType[] = [
  {
    type: 'Microsoft.KeyVault/vaults',
    apiVersions: API_VERSIONS,
    verbs: ['GET', 'LIST'],
    represent: (azure, { properties }) => ({
      properties: { ...properties, vaultUri: `${azure.endpoints.vault}/`, provisioningState: 'Succeeded' },
    }),
  },
];
