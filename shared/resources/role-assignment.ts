/**
 * A role given to a principal. Its name is derived from what it says, so giving it twice is one assignment, and one at that name that says
 * something else is somebody else's. The same right may stand under another name: then what is wanted is true, and not ours to take away.
 */
import { z } from 'zod';
import { derivedUuid } from '../kit/ids.js';
import { REMOVAL } from '../model/outcome.js';
import { ROLES } from '../model/roles.js';
import { above, specFields, teamNamesOf } from './names.js';
import { resource, written } from './resource.js';

const GrantSchema = z.object({
  ...specFields,
  roleId: z.guid(),
  principalId: z.guid(),
  principalType: z.enum(['User', 'Group', 'ServicePrincipal']),
  /** What the step is called: `Let the members read the key`. */
  what: z.string(),
});

export const roleAssignment = resource({
  kind: 'role-assignment',
  spec: GrantSchema,
  belongs: ({ id, owner, roleId }) => allowedAt(scopeOf(id), owner).includes(roleId),
  title: ({ what, principalId }) => `${what} (${principalId.slice(0, 8)})`,
  wanted: ({ roleId, principalId }) => ({ roleId, principalId }),
  async read({ id, owner, roleId, principalId }, { authorization }) {
    const found = await authorization.readGrant(id);
    const isOurs = isSameId(found?.roleId, roleId) && isSameId(found?.principalId, principalId);
    return found && { body: found, owner: isOurs ? owner : undefined };
  },
  async write({ id, roleId, principalId, principalType }, _found, { authorization }) {
    const answer = await authorization.writeGrant({ id, roleId, principalId, principalType });
    return answer === 'exists' ? { kind: 'exists' } : written;
  },
  remove: ({ id }, _found, { authorization }) => authorization.deleteGrant(id),
  compares: { create: false, write: false, remove: false },
  window: 'an assignment at our derived name that appears between our read and our write says the same, by its name',
  mayExistElsewhere: true,
  // A new principal may take minutes to reach the directory's replicas.
  patience: { usualSeconds: 10, deadlineSeconds: 30 * 60 },
  removal: REMOVAL,
  armWrites: 1,
});

/** ARM id of the assignment of a role to a principal at a scope. */
export const assignmentId = (scope: string, roleId: string, principalId: string): string =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${derivedUuid(scope.toLowerCase(), roleId, principalId)}`;

/** The scope of an assignment's id. */
export const scopeOf = (id: string): string => above(id, 4);

/** The roles that hai gives on a team's things; on anything else, none. */
function allowedAt(scope: string, owner: string): string[] {
  const names = teamNamesOf(owner);
  if (scope.endsWith(`/secrets/${names.secret}`)) return [ROLES.keyVaultSecretsUser];
  if (scope.endsWith(`/accounts/${names.foundryAccount}`)) return [ROLES.reader];
  const project = `/accounts/${names.foundryAccount}/projects/${names.foundryProject}`;
  return scope.endsWith(project) ? [ROLES.foundryUser] : [];
}

/** GUIDs come back in the case in which somebody once wrote them. */
const isSameId = (found: string | undefined, wanted: string): boolean => found?.toLowerCase() === wanted.toLowerCase();
