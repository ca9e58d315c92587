/** Soft-deleted services: listed, read and purged at the Azure subscription. */
import { softDeletedTypes } from '../../arm/soft-deleted-types.js';
import { API_VERSIONS, SERVICE } from './common.js';

export const deletedServices = softDeletedTypes({
  type: SERVICE,
  apiVersions: API_VERSIONS,
  item: 'locations/deletedServices',
  collection: 'deletedServices',
  purge: 'apiManagementPurge',
  isMeant: ({ resource }, [, name = '']) => resource.name.toLowerCase() === name.toLowerCase(),
  show: ({ resource }) => ({
    path: `locations/${resource.location}/deletedServices/${resource.name}`,
    shown: {},
    properties: { serviceId: resource.id },
  }),
});
