/** Soft-deleted accounts: listed, read and purged at the Azure subscription. */
import { keyOf } from '../../arm/resource-id.js';
import { softDeletedTypes } from '../../arm/soft-deleted-types.js';
import { ACCOUNTS, API_VERSIONS } from './common.js';

export const deletedAccounts = softDeletedTypes({
  type: ACCOUNTS,
  apiVersions: API_VERSIONS,
  item: 'locations/resourceGroups/deletedAccounts',
  collection: 'deletedAccounts',
  purge: 'foundryPurge',
  isMeant: ({ resource }, [, group, name]) =>
    keyOf(resource.id).endsWith(keyOf(`/resourceGroups/${group}/providers/${ACCOUNTS}/${name}`)),
  show({ resource }) {
    const { identity, kind, name, properties, sku, tags } = resource;
    const [, group] = /\/resourceGroups\/([^/]+)\//i.exec(resource.id) ?? [];
    return {
      path: `locations/${resource.location}/resourceGroups/${group}/deletedAccounts/${name}`,
      shown: { identity, kind, sku, tags },
      properties,
    };
  },
});
