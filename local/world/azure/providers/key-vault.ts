/** The vault as a resource: what says where its data plane is. Secrets live there; here they are scopes of role assignments. */
import { ArmError } from '../arm/errors.js';
import type { ResourceType } from '../arm/resource-type.js';
import { resourcesOfType } from '../arm/resources.js';

const VAULTS = 'Microsoft.KeyVault/vaults';

const API_VERSIONS = ['2023-07-01', '2024-11-01', '2025-05-01', '2026-02-01'];

export const keyVault: ResourceType[] = [
  {
    type: VAULTS,
    apiVersions: API_VERSIONS,
    verbs: ['GET', 'LIST'],
    beforeWrite({ azure }) {
      const [other] = resourcesOfType(azure, VAULTS);
      if (other)
        throw new ArmError(409, 'OneVaultOnly', `The simulated Azure has one vault, which is '${other.name}'.`);
    },
    represent: (azure, { properties }) => ({
      properties: { ...properties, vaultUri: `${azure.endpoints.vault}/`, provisioningState: 'Succeeded' },
    }),
  },
];
