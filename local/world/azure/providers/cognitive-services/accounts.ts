/** Foundry accounts: created in half a minute, soft-deleted, restored or purged, with a subdomain that nobody else may have. */
import { z } from 'zod';
import { ArmError } from '../../arm/errors.js';
import { keyOf } from '../../arm/resource-id.js';
import type { Call, Json, Resource, ResourceType } from '../../arm/resource-type.js';
import { descendants, inMotion, resourcesOfType, withPrincipal } from '../../arm/resources.js';
import { findDeleted, keepDeleted, listDeleted, takeDeleted } from '../../arm/soft-delete.js';
import type { Azure } from '../../azure.js';
import { envelope, identity, location, readOnly, tags } from '../schema.js';
import { ACCOUNTS, API_VERSIONS, oneWriteForEachAccount, RESOURCE_NAME, requireQuietAccount } from './common.js';

/** How long an account says Accepted before it says Creating (assumed; pollers must cope with both). */
const ACCEPTED_MS = 2_000;

const properties = z.strictObject({
  customSubDomainName: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{1,62}[a-z0-9]$/i, 'must be a DNS label of 3 to 64 characters')
    .optional(),
  allowProjectManagement: z.boolean().optional(),
  disableLocalAuth: z.boolean().optional(),
  publicNetworkAccess: z.enum(['Enabled', 'Disabled']).optional(),
  networkAcls: z.looseObject({}).optional(),
  restrictOutboundNetworkAccess: z.boolean().optional(),
  defaultProject: z.string().optional(),
  restore: z.boolean().optional(),
  provisioningState: readOnly,
  endpoint: readOnly,
  endpoints: readOnly,
  dateCreated: readOnly,
  internalId: readOnly,
});

/** Kind and SKU of a Foundry account; other kinds are other products. */
const body = z.strictObject({
  ...envelope,
  location,
  kind: z.enum(['AIServices', 'OpenAI']),
  sku: z.strictObject({ name: z.literal('S0') }),
  identity: identity.optional(),
  tags: tags.optional(),
  properties: properties.prefault({}),
});

export const account: ResourceType = {
  type: ACCOUNTS,
  apiVersions: API_VERSIONS,
  verbs: ['PUT', 'PATCH', 'GET', 'DELETE', 'LIST'],
  nameRule: RESOURCE_NAME,
  body,
  patch: body.partial(),
  etagInBody: true,
  creation: { latency: 'foundryAccount' },
  deletion: { latency: 'foundryDelete' },
  contention: oneWriteForEachAccount,
  limit: { count: ({ settings }) => settings.limits.foundryAccounts },
  beforeWrite(call, existing) {
    requireQuietAccount(call);
    if (call.body['properties'] === undefined) return;
    const wanted = call.body['properties'] as z.output<typeof properties>;
    if (!existing) requireFreeName(call, wanted.restore === true);
    if (wanted.customSubDomainName) requireFreeSubdomain(call, wanted.customSubDomainName, existing);
    if (wanted.allowProjectManagement && !call.body['identity'] && !existing?.identity) {
      throw new ArmError(
        400,
        'InvalidResourceProperties',
        'allowProjectManagement needs a managed identity and customSubDomainName.',
      );
    }
  },
  build(call, existing) {
    const { restore, ...wanted } = call.body['properties'] as z.output<typeof properties>;
    const { azure, key } = call;
    const deleted = restore ? takeDeleted(azure, key) : undefined;
    const identityNow = (call.body['identity'] ?? deleted?.resource.identity) as Json | undefined;
    return {
      identity: withPrincipal(azure, key, identityNow, existing ?? deleted?.resource),
      properties: { ...deleted?.resource.properties, ...wanted },
    };
  },
  beforeDelete(call, existing) {
    const nested = descendants(call.azure, existing.id).filter(({ type }) => /\/(projects|deployments)$/.test(type));
    if (nested.length === 0) return;
    const ids = nested.map(({ id }) => `'${id}'`).join(', ');
    const text = `Cannot delete resource while nested resources exist. Some existing nested resource IDs include: ${ids}. Please delete all nested resources before deleting this resource.`;
    throw new ArmError(409, 'CannotDeleteResource', text);
  },
  deleted: keepDeleted,
  represent(azure, resource) {
    const domain = resource.properties['customSubDomainName'] ?? resource.name;
    return {
      properties: {
        ...resource.properties,
        provisioningState: shownState(azure, resource),
        endpoint: `https://${domain}.cognitiveservices.azure.com/`,
        endpoints: {
          'AI Foundry API': `https://${domain}.services.ai.azure.com/`,
          'OpenAI Language Model Instance API': `https://${domain}.openai.azure.com/`,
        },
        dateCreated: new Date(resource.createdMs).toISOString(),
      },
    };
  },
};

/** Accepted, then Creating; an account flips back to Accepted while something below it is under way. */
function shownState(azure: Azure, resource: Resource): unknown {
  const state = resource.properties['provisioningState'];
  const young = azure.clock.now() - resource.createdMs < ACCEPTED_MS;
  if (state === 'Creating' && young) return 'Accepted';
  if (state === 'Succeeded' && descendants(azure, resource.id).some(inMotion)) return 'Accepted';
  return state;
}

/** A soft-deleted account keeps its name for 48 hours, unless it is restored or purged. */
function requireFreeName({ azure, key }: Call, restore: boolean): void {
  const deleted = findDeleted(azure, key);
  if (deleted && !restore) {
    const text = `An existing resource with ID '${deleted.resource.id}' has been soft-deleted. To restore the resource, you must specify 'restore' to be 'true' in the property. If you don't want to restore existing resource, please purge it first.`;
    throw new ArmError(409, 'FlagMustBeSetForRestore', text);
  }
  if (!deleted && restore) {
    throw new ArmError(
      409,
      'CanNotRestoreANonExistingResource',
      'There is no soft-deleted resource of this name to restore.',
    );
  }
}

/** Unique in all of Azure: among the accounts here, the soft-deleted ones included. */
function requireFreeSubdomain({ azure, key }: Call, wanted: string, existing: Resource | undefined): void {
  const others = [...resourcesOfType(azure, ACCOUNTS), ...listDeleted(azure, ACCOUNTS).map(({ resource }) => resource)];
  const holds = ({ properties: held }: Resource) =>
    String(held['customSubDomainName']).toLowerCase() === wanted.toLowerCase();
  if (others.some((other) => keyOf(other.id) !== key && holds(other))) {
    const text = `Please pick a different name. The subdomain name '${wanted}' is not available as it's already used by a resource.`;
    throw new ArmError(400, 'CustomDomainInUse', text);
  }
  const current = existing?.properties['customSubDomainName'];
  if (current && String(current).toLowerCase() !== wanted.toLowerCase()) {
    throw new ArmError(400, 'SubdomainCannotBeChanged', 'The custom subdomain of an account cannot be changed.');
  }
}
