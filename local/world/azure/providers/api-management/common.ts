/** What the types of API Management share: versions, the service above them, and when it takes no changes. */
import { ArmError } from '../../arm/errors.js';
import { keyOf } from '../../arm/resource-id.js';
import type { Call, ContentionRule, Resource, ResourceType } from '../../arm/resource-type.js';
import { inMotion, readResource } from '../../arm/resources.js';

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

/**
 * Entities of one service, operations of one API. Of the two published tables for the v2 tiers these are the smaller numbers, so that what
 * fits here fits there. https://learn.microsoft.com/azure/api-management/service-limits
 */
export const LIMITS = {
  apis: 500,
  operations: 100,
  products: 200,
  subscriptions: 2_000,
  groups: 100,
  policyFragments: 50,
  backends: 100,
  namedValues: 100,
  loggers: 200,
};

/**
 * Entities are synchronous, carry an entity tag and want If-Match for changes. There is no conditional creation: a PUT without If-Match takes
 * over what is there (as deployments of templates rely on), If-None-Match is unknown, and tools of the field create with `If-Match: *`
 * (policies of Azure PowerShell). Swagger: `ifMatch` is required for update and delete, optional for createOrUpdate; the team on creation:
 * https://github.com/Azure/azure-rest-api-specs/pull/573
 */
export const entity = {
  apiVersions: API_VERSIONS,
  verbs: ['PUT', 'PATCH', 'GET', 'HEAD', 'DELETE', 'LIST'],
  ifMatch: 'required',
  beforeWrite: requireWritable,
} satisfies Partial<ResourceType>;

/** Writes of one API, its operations and policies included, go one after another (reported, as is the code). */
export const oneWriteForEachApi: ContentionRule = {
  latency: 'apiManagementContention',
  holds: (key) => /^.*\/service\/[^/]+\/apis\/[^/]+/.exec(key)?.[0],
  refusal: () => apiBusy(),
};

/** Id of the service that a request is about. */
export function serviceId({ id }: Call): string {
  return `${id.scope}/providers/${SERVICE}/${id.names[0]}`;
}

/** Id of the service above an entity. */
export function serviceAbove({ id }: Resource): string {
  return id.split('/').slice(0, 9).join('/');
}

/** An entity of the same service, by its path below the service: `products/gold`. */
export function sibling(call: Call, path: string): Resource | undefined {
  return readResource(call.azure, `${serviceId(call)}/${path}`);
}

/**
 * While the service itself is being created or changed its management endpoint does not take changes: 422 ManagementApiRequestFailed, the
 * code that tools of the field retry. An API that is being imported takes none either.
 */
export function requireWritable(call: Call): void {
  const service = readResource(call.azure, serviceId(call));
  const state = service?.properties['provisioningState'];
  if (state !== 'Succeeded') {
    throw new ArmError(422, 'ManagementApiRequestFailed', `The API Management service is not ready: it is ${state}.`, [
      { code: 'Timeout', message: 'Management API timed out.' },
    ]);
  }
  const api = /\/service\/apis/i.test(call.id.type) ? sibling(call, `apis/${call.id.names[1]}`) : undefined;
  if (api && inMotion(api)) throw apiBusy();
}

function apiBusy(): ArmError {
  return new ArmError(409, 'PessimisticConcurrencyConflict', 'Operation on the API is in progress');
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
