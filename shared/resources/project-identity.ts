/**
 * The role of a project's own identity on its account. Whom the identity is, Azure says when the project stands, so it is read when the role
 * is given; the assignment's name is derived from the project, so that it is the same before anybody knows the principal.
 */
import { z } from 'zod';
import { derivedUuid } from '../kit/ids.js';
import { busy, REMOVAL } from '../model/outcome.js';
import { ROLES } from '../model/roles.js';
import { foundryAccount } from './foundry-account.js';
import { above, nameOf, specFields, teamNamesOf } from './names.js';
import { resource, written } from './resource.js';
import { scopeOf } from './role-assignment.js';

export const projectIdentity = resource({
  kind: 'project-identity',
  spec: z.object({ ...specFields, project: specFields.id }),
  belongs: ({ id, owner, project }) =>
    nameOf(scopeOf(id)) === teamNamesOf(owner).foundryAccount &&
    nameOf(above(project)) === teamNamesOf(owner).foundryAccount,
  title: () => 'Let the project use its account',
  parent: ({ id }) => ({ kind: foundryAccount.kind, id: scopeOf(id) }),
  wanted: () => ({ roleId: ROLES.foundryUser }),
  async read({ id, owner }, { authorization }) {
    const found = await authorization.readGrant(id);
    return found && { body: found, owner: found.roleId === ROLES.foundryUser ? owner : undefined };
  },
  async write({ id, project }, _found, { authorization, foundry }) {
    const principalId = (await foundry.readProject(project))?.principalId;
    if (!principalId) return busy('IdentityNotReady');
    const grant = { id, roleId: ROLES.foundryUser, principalId, principalType: 'ServicePrincipal' as const };
    return (await authorization.writeGrant(grant)) === 'exists' ? { kind: 'exists' } : written;
  },
  remove: ({ id }, _found, { authorization }) => authorization.deleteGrant(id),
  compares: { create: false, write: false, remove: false },
  mayExistElsewhere: true,
  // The identity may take minutes to reach the directory's replicas.
  patience: { usualSeconds: 10, deadlineSeconds: 30 * 60 },
  removal: REMOVAL,
  armWrites: 1,
});

export const projectIdentityId = (account: string, project: string): string =>
  `${account}/providers/Microsoft.Authorization/roleAssignments/${derivedUuid(account.toLowerCase(), ROLES.foundryUser, project.toLowerCase())}`;
