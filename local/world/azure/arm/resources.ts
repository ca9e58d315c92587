/**
 * Stored resources: reading, writing and deleting them with everything that hangs below, whoever asks (ARM, a controller, the gateway).
 */
import { type Azure, mintEtag, mintGuid, type Principal } from '../azure.js';
import { keyOf } from './resource-id.js';
import type { Json, Resource, ResourceType } from './resource-type.js';

/** States in which no operation is under way. */
const AT_REST = new Set(['Succeeded', 'Failed', 'Canceled']);

export function readResource({ store }: Azure, idOrKey: string): Resource | undefined {
  return store.get<Resource>('resources', keyOf(idOrKey));
}

export function saveResource(azure: Azure, resource: Resource): Resource {
  const changed = { ...resource, etag: mintEtag(azure) };
  azure.store.put('resources', keyOf(resource.id), changed);
  return changed;
}

/** What stands below a resource, at any depth; of `type` only, if given. */
export function descendants({ store }: Azure, idOrKey: string, type?: string): Resource[] {
  const all = store.list<Resource>('resources', `${keyOf(idOrKey)}/`);
  return type ? all.filter((resource) => isType(resource, type)) : all;
}

export function isType(resource: Resource, type: string): boolean {
  return resource.type.toLowerCase() === type.toLowerCase();
}

/** All resources of a type, in id order. */
export function resourcesOfType({ store }: Azure, type: string): Resource[] {
  return store.list<Resource>('resources').filter((resource) => isType(resource, type));
}

/** Removes a resource, what is below it (role assignments at its scope included) and their identities. */
export function removeResource(azure: Azure, resource: Resource, atMs = azure.clock.now()): void {
  const all = [resource, ...descendants(azure, resource.id)];
  // Parents come before what is below them, so that a soft deletion still finds it.
  for (const gone of all) azure.registry.byType(gone.type)?.deleted?.(azure, gone, atMs);
  for (const gone of all) {
    azure.store.delete('resources', keyOf(gone.id));
    const principalId = gone.identity?.['principalId'];
    if (typeof principalId === 'string') azure.store.delete('principals', principalId.toLowerCase());
  }
}

/** The identity that a resource shows: a system-assigned one keeps its principal for as long as the resource lives. */
export function withPrincipal(
  azure: Azure,
  key: string,
  wanted: Json | undefined,
  existing?: Resource,
): Json | undefined {
  if (!wanted || !String(wanted['type']).includes('SystemAssigned')) return wanted;
  const principalId = String(existing?.identity?.['principalId'] ?? wanted['principalId'] ?? mintGuid(azure));
  const principal: Principal = {
    objectId: principalId,
    type: 'ServicePrincipal',
    createdMs: azure.clock.now(),
    resourceKey: key,
  };
  if (!azure.store.get('principals', principalId.toLowerCase())) {
    azure.store.put('principals', principalId.toLowerCase(), principal);
  }
  return { ...wanted, principalId, tenantId: azure.settings.tenantId };
}

/** True while an operation on the resource, or on one below it, is under way. */
export function isBusy(azure: Azure, idOrKey: string): boolean {
  const self = readResource(azure, idOrKey);
  return [...(self ? [self] : []), ...descendants(azure, idOrKey)].some(inMotion);
}

export function inMotion(resource: Resource): boolean {
  const state = resource.properties['provisioningState'];
  return state !== undefined && !AT_REST.has(String(state));
}

/** The wire form of a resource. */
export function represent(azure: Azure, type: ResourceType, resource: Resource): Json {
  const { createdMs, etag, hidden, ...shown } = resource;
  return { ...shown, ...(type.etagInBody ? { etag } : {}), ...type.represent?.(azure, resource) };
}
