/** What the types of API Management share: versions, the service above them, and its state while it is being activated. */
import { ArmError } from '../../arm/errors.js';
import { keyOf } from '../../arm/resource-id.js';
import type { Call, Resource, ResourceType } from '../../arm/resource-type.js';
import { readResource } from '../../arm/resources.js';

export const SERVICE = 'Microsoft.ApiManagement/service';

/** 2024-05-01 is the newest stable one; the rest are previews that exist (type index of Azure/bicep-types-az, 2026-08). */
export const API_VERSIONS = [
  '2023-09-01-preview',
  '2024-05-01',
  '2024-06-01-preview',
  '2024-10-01-preview',
  '2025-03-01-preview',
  '2025-09-01-preview',
];

/** Entities are synchronous, carry an entity tag and want If-Match for changes. */
export const entity = {
  apiVersions: API_VERSIONS,
  verbs: ['PUT', 'PATCH', 'GET', 'HEAD', 'DELETE', 'LIST'],
  ifMatchRequired: true,
  beforeWrite: requireActiveService,
} satisfies Partial<ResourceType>;

/** Id of the service that a request is about. */
export function serviceId({ id }: Call): string {
  return `${id.scope}/providers/${SERVICE}/${id.names[0]}`;
}

/** An entity of the same service, by its path below the service: `products/gold`. */
export function sibling(call: Call, path: string): Resource | undefined {
  return readResource(call.azure, `${serviceId(call)}/${path}`);
}

/**
 * While the service is being created its management endpoint does not take changes: 422 ManagementApiRequestFailed, the code that tools of
 * the field retry.
 */
export function requireActiveService(call: Call): void {
  const service = readResource(call.azure, serviceId(call));
  const state = service?.properties['provisioningState'];
  if (state === 'Succeeded') return;
  throw new ArmError(422, 'ManagementApiRequestFailed', `The API Management service is not ready: it is ${state}.`, [
    { code: 'Timeout', message: 'Management API timed out.' },
  ]);
}

export function invalid(target: string, message: string): ArmError {
  return new ArmError(400, 'ValidationError', `One or more fields contain incorrect values: ${target}: ${message}`, [
    { code: 'ValidationError', target, message },
  ]);
}

/** True when an id, full or relative to the service (`/products/gold`), names this resource. */
export function names(idOrPath: string, resource: Resource): boolean {
  const wanted = keyOf(idOrPath);
  const own = keyOf(resource.id);
  return wanted === own || own.endsWith(wanted);
}
