/** Groups of people, who see products in the developer portal. The portal is not simulated; the groups and their links to products are. */
import { z } from 'zod';
import type { Resource, ResourceType } from '../../arm/resource-type.js';
import { readResource, saveResource } from '../../arm/resources.js';
import type { Azure } from '../../azure.js';
import { envelope } from '../schema.js';
import { entity, invalid, LIMITS, requireWritable, SERVICE } from './common.js';

/** Groups that every service has. https://learn.microsoft.com/azure/api-management/api-management-howto-create-groups */
const BUILT_IN = ['Administrators', 'Developers', 'Guests'];

const properties = z.strictObject({
  displayName: z.string().min(1).max(300),
  description: z.string().optional(),
  type: z.enum(['custom', 'external']).optional(),
  externalId: z.string().optional(),
});

export const groups: ResourceType = {
  ...entity,
  type: `${SERVICE}/groups`,
  limit: { count: () => LIMITS.groups },
  nameRule: /^[^*#&+:<>?]{1,256}$/,
  body: z.strictObject({ ...envelope, properties }),
  patch: z.strictObject({ ...envelope, properties: properties.partial() }),
  beforeWrite(call, existing) {
    requireWritable(call);
    if (existing?.properties['builtIn'] === true) throw invalid('groupId', 'a built-in group cannot be changed');
  },
  build: (call) => ({ properties: { type: 'custom', ...(call.body['properties'] as object), builtIn: false } }),
};

export function addBuiltInGroups(azure: Azure, service: Resource): void {
  for (const displayName of BUILT_IN) {
    const name = displayName.toLowerCase();
    const id = `${service.id}/groups/${name}`;
    if (readResource(azure, id)) continue;
    const shown = { displayName, builtIn: true, type: 'system' };
    const createdMs = azure.clock.now();
    saveResource(azure, { id, name, type: `${SERVICE}/groups`, properties: shown, etag: '', createdMs });
  }
}
