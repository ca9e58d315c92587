/** Private DNS zones, their links to virtual networks, and their A records, which are written in one step and guarded by entity tags. */
import { z } from 'zod';
import { ArmError } from '../arm/errors.js';
import { operationTypes } from '../arm/operations.js';
import type { Call, Resource, ResourceType } from '../arm/resource-type.js';
import { descendants, inMotion } from '../arm/resources.js';
import { envelope, readOnly, tags } from './schema.js';

const ZONES = 'Microsoft.Network/privateDnsZones';
const LINKS = `${ZONES}/virtualNetworkLinks`;

const API_VERSIONS = ['2020-06-01', '2024-06-01'];

/** https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#private-dns-limits */
const RECORDS_MAX = 20;
const RECORD_SETS_MAX = 25_000;

const LINKS_MAX = 1_000;

const LABEL = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?';

const zoneBody = z.strictObject({
  ...envelope,
  location: z.literal('global'),
  tags: tags.optional(),
  properties: z.looseObject({}).optional(),
});

const linkBody = z.strictObject({
  ...envelope,
  location: z.literal('global'),
  tags: tags.optional(),
  properties: z.strictObject({
    virtualNetwork: z.strictObject({
      id: z.string().regex(/\/virtualNetworks\/[^/]+$/i, 'must be the id of a network'),
    }),
    registrationEnabled: z.boolean().default(false),
    resolutionPolicy: z.enum(['Default', 'NxDomainRedirect']).optional(),
    provisioningState: readOnly,
    virtualNetworkLinkState: readOnly,
  }),
});

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

/**
 * "Omit to always overwrite"; If-None-Match is `*` or ignored (swagger). With If-Match there must be something to match:
 * https://learn.microsoft.com/azure/dns/dns-zones-records#etags
 */
const conditions = { ifMatch: 'compared', ifNoneMatch: 'star' } satisfies Partial<ResourceType>;

/** Zones and links take no second write while one is under way. */
function requireAtRest(_call: Call, existing: Resource | undefined): void {
  if (!existing || !inMotion(existing)) return;
  const text = `Another operation on '${existing.id}' is in progress. Try again later.`;
  throw new ArmError(409, 'AnotherOperationInProgress', text);
}

const zone: ResourceType = {
  type: ZONES,
  apiVersions: API_VERSIONS,
  verbs: ['PUT', 'PATCH', 'GET', 'DELETE', 'LIST'],
  // Two labels at least.
  nameRule: new RegExp(`^${LABEL}(\\.${LABEL})+$`, 'i'),
  body: zoneBody,
  patch: zoneBody.partial(),
  etagInBody: true,
  ...conditions,
  creation: { latency: 'privateDnsZone', headers: true },
  deletion: { latency: 'privateDnsZone' },
  beforeWrite: requireAtRest,
  beforeDelete({ azure }, { id }) {
    const [link] = descendants(azure, id, LINKS);
    if (!link) return;
    const text = `Cannot delete resource while nested resources exist. Some existing nested resource IDs include: '${link.id}'. Please delete all nested resources before deleting this resource.`;
    throw new ArmError(409, 'CannotDeleteResource', text);
  },
  represent: (azure, { id, properties }) => ({
    properties: {
      maxNumberOfRecordSets: RECORD_SETS_MAX,
      numberOfRecordSets: descendants(azure, id, `${ZONES}/A`).length + 1,
      maxNumberOfVirtualNetworkLinks: LINKS_MAX,
      numberOfVirtualNetworkLinks: descendants(azure, id, LINKS).length,
      ...properties,
    },
  }),
};

const link: ResourceType = {
  type: LINKS,
  apiVersions: API_VERSIONS,
  verbs: ['PUT', 'PATCH', 'GET', 'DELETE', 'LIST'],
  nameRule: /^[a-z0-9]([a-z0-9_.-]{0,78}[a-z0-9_])?$/i,
  body: linkBody,
  patch: linkBody.partial(),
  etagInBody: true,
  ...conditions,
  creation: { latency: 'virtualNetworkLink', headers: true },
  deletion: { latency: 'virtualNetworkLink' },
  limit: { count: () => LINKS_MAX },
  beforeWrite: requireAtRest,
  represent: (_azure, { properties }) => ({
    properties: {
      ...properties,
      virtualNetworkLinkState: properties['provisioningState'] === 'Succeeded' ? 'Completed' : 'InProgress',
    },
  }),
};

export const privateDns: ResourceType[] = [
  zone,
  link,
  {
    type: `${ZONES}/A`,
    apiVersions: API_VERSIONS,
    verbs: ['PUT', 'PATCH', 'GET', 'DELETE', 'LIST'],
    // A label or several, `@` for the zone itself, `*` for all names.
    nameRule: new RegExp(`^(@|(\\*|${LABEL})(\\.${LABEL})*)$`, 'i'),
    body,
    etagInBody: true,
    ...conditions,
    limit: { count: () => RECORD_SETS_MAX },
    represent(_azure, { id, name, properties }) {
      const zone = id.split('/').at(-3);
      const fqdn = name === '@' ? `${zone}.` : `${name}.${zone}.`;
      return { properties: { ...properties, fqdn, isAutoRegistered: false } };
    },
  },
  ...operationTypes('Microsoft.Network', API_VERSIONS),
];
