/** The API Management service itself: created in minutes, soft-deleted, restored or purged. */
import { z } from 'zod';
import { ArmError } from '../../arm/errors.js';
import { startOperation } from '../../arm/operations.js';
import type { Call, LongRunning, Resource, ResourceType } from '../../arm/resource-type.js';
import { inMotion, resourcesOfType, saveResource, withPrincipal } from '../../arm/resources.js';
import { findDeleted, keepDeleted, listDeleted, takeDeleted } from '../../arm/soft-delete.js';
import type { Azure } from '../../azure.js';
import { envelope, identity, location, readOnly, tags } from '../schema.js';
import { API_VERSIONS, SERVICE } from './common.js';
import { addBuiltInGroups } from './groups.js';

const properties = z.strictObject({
  publisherEmail: z.string().min(1).max(100),
  publisherName: z.string().min(1).max(100),
  notificationSenderEmail: z.string().max(100).optional(),
  hostnameConfigurations: z.array(z.looseObject({ type: z.string(), hostName: z.string() })).optional(),
  virtualNetworkType: z.enum(['None', 'External', 'Internal']).optional(),
  virtualNetworkConfiguration: z.looseObject({}).optional(),
  publicIpAddressId: z.string().optional(),
  publicNetworkAccess: z.enum(['Enabled', 'Disabled']).optional(),
  customProperties: z.record(z.string(), z.string()).optional(),
  apiVersionConstraint: z.looseObject({}).optional(),
  developerPortalStatus: z.enum(['Enabled', 'Disabled']).optional(),
  legacyPortalStatus: z.enum(['Enabled', 'Disabled']).optional(),
  restore: z.boolean().optional(),
  provisioningState: readOnly,
  targetProvisioningState: readOnly,
  createdAtUtc: readOnly,
  gatewayUrl: readOnly,
  managementApiUrl: readOnly,
  platformVersion: readOnly,
});

const body = z.strictObject({
  ...envelope,
  location,
  sku: z.strictObject({
    name: z.enum([
      'Developer',
      'Standard',
      'Premium',
      'Basic',
      'Consumption',
      'Isolated',
      'BasicV2',
      'StandardV2',
      'PremiumV2',
    ]),
    capacity: z.int().min(0).max(30),
  }),
  identity: identity.optional(),
  tags: tags.optional(),
  properties,
});

const activation: LongRunning = { latency: 'apiManagementActivation', headers: true, state: 'Activating' };

export const service: ResourceType = {
  type: SERVICE,
  apiVersions: API_VERSIONS,
  verbs: ['PUT', 'PATCH', 'GET', 'DELETE', 'LIST'],
  nameRule: /^[a-zA-Z](?:[a-zA-Z0-9-]{0,48}[a-zA-Z0-9])?$/,
  body,
  patch: body.extend({ properties: properties.partial() }).partial(),
  etagInBody: true,
  creation: activation,
  update: { latency: 'apiManagementUpdate', headers: true },
  deletion: { latency: 'apiManagementDelete', state: 'Terminating' },
  showsDeleted: true,
  beforeWrite(call, existing) {
    if (existing && inMotion(existing)) {
      const text = `The service '${existing.name}' is transitioning at this time (${existing.properties['provisioningState']}). Try again later.`;
      throw new ArmError(409, 'ServiceLocked', text);
    }
    if (!existing) requireFreeName(call);
  },
  build(call, existing) {
    const { restore, ...wanted } = call.body['properties'] as z.output<typeof properties>;
    const deleted = restore ? takeDeleted(call.azure, call.key)?.resource : undefined;
    const asked = deleted ?? { ...(call.body as Partial<Resource>), properties: wanted };
    const { identity: kept, sku, tags: labels } = asked;
    return {
      sku,
      tags: labels,
      location: existing?.location ?? asked.location,
      identity: withPrincipal(call.azure, call.key, kept, existing ?? deleted),
      properties: asked.properties,
    };
  },
  completed: addBuiltInGroups,
  deleted: keepDeleted,
  represent: (azure, { name, properties: shown }) => ({
    properties: {
      ...shown,
      targetProvisioningState: shown['provisioningState'] === 'Terminating' ? 'Deleting' : '',
      gatewayUrl: azure.endpoints.gateway,
      managementApiUrl: `https://${name}.management.azure-api.net`,
    },
  }),
};

/** Names are unique in all of Azure, soft-deleted services included; here there is one gateway, and so one service. */
function requireFreeName({ azure, body: asked, id, key }: Call): void {
  const wantsRestore = (asked['properties'] as { restore?: boolean }).restore === true;
  const [name] = id.names;
  const holder = listDeleted(azure, SERVICE).find(
    ({ resource }) => resource.name.toLowerCase() === name?.toLowerCase(),
  );
  if (holder && !(wantsRestore && findDeleted(azure, key))) {
    const text = `Api service ${name} was soft-deleted. In order to create the new service with the same name, you have to either undelete the service or purge it. See https://aka.ms/apimsoftdelete.`;
    throw new ArmError(409, 'ServiceAlreadyExistsInSoftDeletedState', text);
  }
  if (!holder && wantsRestore) {
    throw new ArmError(404, 'ServiceNotFound', `There is no soft-deleted service '${name}' to restore.`);
  }
  const [other] = resourcesOfType(azure, SERVICE);
  if (!other) return;
  const text = `The simulated Azure has one gateway, which serves '${other.name}': delete that service first.`;
  throw new ArmError(409, 'OneServiceOnly', text);
}

/** Puts a service into the state in which a fresh deployment leaves it, for as long as the activation takes. */
export function beginActivation(azure: Azure, resource: Resource): void {
  const properties = { ...resource.properties, provisioningState: activation.state };
  startOperation(azure, saveResource(azure, { ...resource, properties }), 'create', activation);
}
