/** Private DNS zones (read) and their A records, which are written in one step and guarded by entity tags. */
import { z } from 'zod';
import type { ResourceType } from '../arm/resource-type.js';
import { descendants } from '../arm/resources.js';
import { readOnly } from './schema.js';

const ZONES = 'Microsoft.Network/privateDnsZones';

const API_VERSIONS = ['2020-06-01', '2024-06-01'];

/** https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#private-dns-limits */
const RECORDS_MAX = 20;
const RECORD_SETS_MAX = 25_000;

const body = z.strictObject({
  id: readOnly,
  name: readOnly,
  type: readOnly,
  etag: readOnly,
  properties: z.strictObject({
    ttl: z.int().min(1).max(2_147_483_647),
    aRecords: z.array(z.strictObject({ ipv4Address: z.ipv4() })).max(RECORDS_MAX),
    metadata: z.record(z.string(), z.string()).optional(),
    fqdn: readOnly,
    isAutoRegistered: readOnly,
    provisioningState: readOnly,
  }),
});

export const privateDns: ResourceType[] = [
  {
    type: ZONES,
    apiVersions: API_VERSIONS,
    verbs: ['GET', 'LIST'],
    etagInBody: true,
    represent: (azure, { id, properties }) => ({
      properties: {
        maxNumberOfRecordSets: RECORD_SETS_MAX,
        numberOfRecordSets: descendants(azure, id, `${ZONES}/A`).length + 1,
        ...properties,
        provisioningState: 'Succeeded',
      },
    }),
  },
  {
    type: `${ZONES}/A`,
    apiVersions: API_VERSIONS,
    verbs: ['PUT', 'PATCH', 'GET', 'DELETE', 'LIST'],
    // A label or several, `@` for the zone itself, `*` for all names.
    nameRule: /^(@|(\*|[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*)$/i,
    body,
    etagInBody: true,
    represent(_azure, { id, name, properties }) {
      const zone = id.split('/').at(-3);
      const fqdn = name === '@' ? `${zone}.` : `${name}.${zone}.`;
      return { properties: { ...properties, fqdn, isAutoRegistered: false } };
    },
  },
];
