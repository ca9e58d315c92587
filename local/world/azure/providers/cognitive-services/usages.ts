/** Quotas of a region: how many accounts the Azure subscription has and may have. */
import type { ResourceType } from '../../arm/resource-type.js';
import { resourcesOfType } from '../../arm/resources.js';
import { ACCOUNTS, API_VERSIONS } from './common.js';

export const usages: ResourceType = {
  type: 'Microsoft.CognitiveServices/locations/usages',
  apiVersions: API_VERSIONS,
  verbs: ['LIST'],
  parentless: true,
  custom: {
    LIST({ azure, id }) {
      const [region = ''] = id.names;
      const here = resourcesOfType(azure, ACCOUNTS).filter(
        ({ location }) => location?.toLowerCase() === region.toLowerCase(),
      );
      const count = {
        name: { value: 'AccountCount', localizedValue: 'Account count' },
        unit: 'Count',
        currentValue: here.length,
        limit: azure.settings.limits.foundryAccounts,
      };
      return { status: 200, body: { value: [count] } };
    },
  },
};
