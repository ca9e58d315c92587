/** Role assignments, at any scope from the Azure subscription down to one secret of a vault. */
import { z } from 'zod';
import { ArmError } from '../arm/errors.js';
import { keyOf } from '../arm/resource-id.js';
import type { Call, Json, Resource, ResourceType } from '../arm/resource-type.js';
import { descendants, readResource } from '../arm/resources.js';
import { findPrincipal } from '../azure.js';
import { readOnly } from './schema.js';

const ROLE_ASSIGNMENTS = 'Microsoft.Authorization/roleAssignments';

/** https://learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits */
const ASSIGNMENTS_MAX = 4_000;

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const properties = z.strictObject({
  principalId: z.string().regex(GUID, 'must be a GUID'),
  roleDefinitionId: z.string().regex(/\/roleDefinitions\/[0-9a-f-]{36}$/i, 'must be the id of a role definition'),
  principalType: z.enum(['User', 'Group', 'ServicePrincipal', 'ForeignGroup', 'Device']).optional(),
  description: z.string().optional(),
  condition: z.string().optional(),
  conditionVersion: z.string().optional(),
  delegatedManagedIdentityResourceId: z.string().optional(),
  scope: readOnly,
});

type Properties = z.output<typeof properties>;

const roleAssignment: ResourceType = {
  type: ROLE_ASSIGNMENTS,
  apiVersions: ['2022-04-01'],
  verbs: ['PUT', 'GET', 'DELETE', 'LIST'],
  nameRule: GUID,
  // The engine's rule of parents does not fit a secret, which is no ARM resource here: `requireKnownScope` has its own.
  parentless: true,
  showsDeleted: true,
  limit: { count: () => ASSIGNMENTS_MAX, code: 'RoleAssignmentLimitExceeded' },
  body: z.strictObject({ properties, id: readOnly, name: readOnly, type: readOnly }),
  beforeWrite(call, existing) {
    const wanted = call.body['properties'] as Properties | undefined;
    if (!wanted) return;
    requireKnownScope(call);
    requirePrincipal(call, wanted);
    if (existing) requireSame(existing, wanted);
    else requireNoTwin(call, wanted);
  },
  build(call, existing) {
    const { azure, id } = call;
    const wanted = call.body['properties'] as Properties;
    const principalType = wanted.principalType ?? findPrincipal(azure, wanted.principalId)?.type;
    const now = new Date(azure.clock.now()).toISOString();
    const createdOn = existing?.properties['createdOn'] ?? now;
    return {
      properties: {
        ...wanted,
        principalType,
        scope: scopeOf(call),
        createdOn,
        updatedOn: now,
        createdBy: '',
        updatedBy: '',
      },
      id: existing?.id ?? `${scopeOf(call)}/providers/${ROLE_ASSIGNMENTS}/${id.names[0]}`,
    };
  },
  listed(call) {
    const { azure } = call;
    const scope = scopeOf(call);
    const below = descendants(azure, scope, ROLE_ASSIGNMENTS);
    return [...below, ...inherited(call, scope)];
  },
  filter(_azure, expression) {
    const principal = /^\s*(?:principalId eq|assignedTo\()\s*'([0-9a-f-]{36})'\)?\s*$/i.exec(expression)?.[1];
    if (principal)
      return ({ properties: held }) => String(held['principalId']).toLowerCase() === principal.toLowerCase();
    if (/^\s*atScope\(\)\s*$/i.test(expression)) return () => true;
    throw new ArmError(
      400,
      'UnsupportedQuery',
      `The filter '${expression}' is not supported: principalId eq, assignedTo, atScope.`,
    );
  },
};

/** The scope's own spelling where the resource is known. */
function scopeOf({ azure, id }: Call): string {
  return readResource(azure, id.scope)?.id ?? id.scope;
}

/** Assignments of wider scopes count here as well, and a list shows them. */
function inherited({ azure }: Call, scope: string): Resource[] {
  const wider = keyOf(scope).split('/');
  const found: Resource[] = [];
  for (let length = 3; length < wider.length; length++) {
    const prefix = `${wider.slice(0, length).join('/')}/providers/${ROLE_ASSIGNMENTS.toLowerCase()}/`;
    found.push(...azure.store.list<Resource>('resources', prefix));
  }
  return found;
}

/** The scope must exist, but a secret of a known vault is taken on trust: ARM does not ask the data plane. */
function requireKnownScope({ azure, id }: Call): void {
  const [vault] = id.scope.split(/\/secrets\//i);
  const known = readResource(azure, vault ?? '') ?? (id.scope.split('/').length <= 3 ? {} : undefined);
  if (!known) throw new ArmError(404, 'ResourceNotFound', `The scope '${id.scope}' was not found.`);
}

/** Without principalType the directory is asked, and it may not know a new identity yet. */
function requirePrincipal({ azure }: Call, { principalId, principalType }: Properties): void {
  if (principalType) return;
  const principal = findPrincipal(azure, principalId);
  const knownMs =
    (principal?.createdMs ?? Number.POSITIVE_INFINITY) + azure.latency('directoryReplication', principalId);
  if (knownMs <= azure.clock.now()) return;
  const text = `Principal ${principalId.replaceAll('-', '')} does not exist in the directory ${azure.settings.tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`;
  throw new ArmError(400, 'PrincipalNotFound', text);
}

function requireSame(existing: Resource, wanted: Properties): void {
  if (sameGrant(existing.properties, wanted)) return;
  const text = 'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.';
  throw new ArmError(400, 'RoleAssignmentUpdateNotPermitted', text);
}

function requireNoTwin(call: Call, wanted: Properties): void {
  const prefix = `${keyOf(call.id.scope)}/providers/${ROLE_ASSIGNMENTS.toLowerCase()}/`;
  const twin = call.azure.store
    .list<Resource>('resources', prefix)
    .find(({ properties: held }) => sameGrant(held, wanted));
  if (!twin) return;
  const text = `The role assignment already exists. The ID of the existing role assignment is ${twin.name.replaceAll('-', '')}.`;
  throw new ArmError(409, 'RoleAssignmentExists', text);
}

function sameGrant(held: Json, wanted: Properties): boolean {
  const roleOf = (id: unknown) => String(id).split('/').at(-1)?.toLowerCase();
  return (
    String(held['principalId']).toLowerCase() === wanted.principalId.toLowerCase() &&
    roleOf(held['roleDefinitionId']) === roleOf(wanted.roleDefinitionId)
  );
}

export const authorization: ResourceType[] = [roleAssignment];
