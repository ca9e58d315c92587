/** Quotas of a region: accounts, and capacity by model and SKU. */
import type { ResourceType } from '../../arm/resource-type.js';
import { resourcesOfType } from '../../arm/resources.js';
import { ACCOUNTS, API_VERSIONS } from './common.js';
import { capacityInUse, capacityLimit } from './deployments.js';

export const usages: ResourceType = {
  type: 'Microsoft.CognitiveServices/locations/usages',
  apiVersions: API_VERSIONS,
  verbs: ['LIST'],
  parentless: true,
  custom: {
    LIST({ azure, id }) {
      const [region = ''] = id.names;
      const accounts = resourcesOfType(azure, ACCOUNTS).filter(
        ({ location }) => location?.toLowerCase() === region.toLowerCase(),
      );
      const { foundryAccounts, modelCapacity } = azure.settings.limits;
      const capacity = capacityInUse(azure, region);
      const names = [...new Set([...Object.keys(modelCapacity), ...capacity.keys()])].sort();
      const value = [
        usage('AccountCount', accounts.length, foundryAccounts),
        ...names.map((name) => usage(name, capacity.get(name) ?? 0, capacityLimit(azure, name))),
      ];
      return { status: 200, body: { value } };
    },
  },
};

function usage(name: string, currentValue: number, limit: number) {
  return { name: { value: name, localizedValue: name }, unit: 'Count', currentValue, limit };
}
