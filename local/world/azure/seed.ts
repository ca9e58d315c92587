/**
 * Puts into the state what the resources file says exists from the start: each entry once, through the same rules as a PUT, so that a file
 * that Azure would refuse is refused here with the entry's place.
 */
import { store } from './arm/engine.js';
import { ArmError, invalidBody } from './arm/errors.js';
import { keyOf, parsePath } from './arm/resource-id.js';
import type { Call, Json, ResourceType } from './arm/resource-type.js';
import { readResource, saveResource, withPrincipal } from './arm/resources.js';
import { type Azure, findPrincipal, type Principal } from './azure.js';

/** Deployed long ago: no propagation delay is left. */
const SEEDED_AGE_MS = 30 * 86_400_000;

/** Adds what is not there yet; what was changed or deleted since stays so. */
export function seed(azure: Azure): void {
  const { principals, resources } = azure.settings;
  for (const principal of principals) seedPrincipal(azure, { ...principal, createdMs: 0 });
  seedPrincipal(azure, { objectId: azure.settings.identity.objectId, type: 'ServicePrincipal', createdMs: 0 });
  const indexed = resources.map((entry, index) => ({ ...entry, index }));
  // Parents have shorter ids than what stands below them; among equals the file's order counts.
  indexed.sort((a, b) => a.id.split('/').length - b.id.split('/').length || a.index - b.index);
  for (const { body, id, index } of indexed) {
    const key = keyOf(id);
    if (azure.store.get('meta', `seeded:${key}`)) continue;
    try {
      seedGroup(azure, id);
      seedResource(azure, id, body as Json);
    } catch (error) {
      if (!(error instanceof ArmError)) throw error;
      throw new Error(`The resources file is not valid: resources.${index} (${id}): ${error.message}`);
    }
    azure.store.put('meta', `seeded:${key}`, true);
  }
}

function seedPrincipal({ store: state }: Azure, principal: Principal): void {
  const key = principal.objectId.toLowerCase();
  if (!state.get('principals', key)) state.put('principals', key, principal);
}

/** A resource group comes with the first resource in it. */
function seedGroup(azure: Azure, id: string): void {
  const [, subscriptionId, group] = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)/i.exec(id) ?? [];
  if (subscriptionId?.toLowerCase() !== azure.settings.subscriptionId.toLowerCase()) {
    throw new ArmError(404, 'SubscriptionNotFound', `the Azure subscription is ${azure.settings.subscriptionId}`);
  }
  if (!group) return;
  const groupId = `/subscriptions/${subscriptionId}/resourceGroups/${group}`;
  if (readResource(azure, groupId)) return;
  saveResource(azure, {
    id: groupId,
    name: group,
    type: 'Microsoft.Resources/resourceGroups',
    location: azure.settings.location,
    properties: {},
    etag: '',
    createdMs: azure.clock.now(),
  });
}

function seedResource(azure: Azure, idText: string, given: Json): void {
  const id = parsePath(idText);
  const type = id && !id.trailing ? azure.registry.byType(id.type) : undefined;
  if (!id || !type) throw new ArmError(404, 'InvalidResourceType', 'no such resource type is simulated');
  if (type.type === 'Microsoft.Resources/resourceGroups') return;
  if (type.nameRule && !type.nameRule.test(id.names.at(-1) ?? '')) {
    throw new ArmError(400, 'InvalidResourceName', `the name must match ${type.nameRule.source}`);
  }
  const body = checked(type, withDefaults(azure, type, given));
  const call: Call = { azure, id, key: keyOf(idText), apiVersion: '', query: new URLSearchParams(), headers: {}, body };
  if (type.custom?.PUT) {
    type.custom.PUT(call);
    return;
  }
  type.beforeWrite?.(call, undefined);
  const resource = store(call, type, undefined);
  const identity = withPrincipal(azure, call.key, resource.identity, resource);
  const createdMs = azure.clock.now() - SEEDED_AGE_MS;
  const saved = saveResource(azure, { ...resource, identity, createdMs });
  type.completed?.(azure, saved);
  const principal = findPrincipal(azure, String(identity?.['principalId']));
  if (principal) azure.store.put('principals', principal.objectId.toLowerCase(), { ...principal, createdMs });
}

function checked(type: ResourceType, given: Json): Json {
  if (!type.body) return given;
  const result = type.body.safeParse(given);
  if (!result.success) throw invalidBody(result.error);
  // The schema drops what a service only shows, but a file may fix the principal of an identity.
  return { ...(result.data as Json), ...(given['identity'] ? { identity: given['identity'] } : {}) };
}

/** What stands in no other resource is in the file's region unless it says another. */
function withDefaults({ settings }: Azure, type: ResourceType, body: Json): Json {
  const isTopLevel = type.type.split('/').length === 2 && type.type !== 'Microsoft.Authorization/roleAssignments';
  return { ...(isTopLevel ? { location: settings.location } : {}), ...body };
}
