/**
 * Who may do what on the data planes: role assignments, with the delay until a new one counts. The control plane's own identity holds every
 * role here; everyone else (the gateway, a project, a team's member) needs what was assigned.
 */
import { keyOf } from './arm/resource-id.js';
import { resourcesOfType } from './arm/resources.js';
import { type Azure, findPrincipal } from './azure.js';

/** Built-in role definitions by id; names have changed, ids never. */
export const ROLE = {
  owner: '8e3af657-a8ff-443c-a20c-2fe8c4bcb635',
  contributor: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
  openAiUser: '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd',
  openAiContributor: 'a001fd3d-188f-4b5d-821b-7da978bf7442',
  cognitiveServicesUser: 'a97b65f3-24c7-4388-baec-2e87135dc908',
  foundryUser: '53ca6127-db72-4b80-b1b0-d745d6d5456d',
  vaultAdministrator: '00482a5a-887f-4fb3-b363-3b7fe8e74483',
  vaultSecretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7',
  vaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6',
};

/** True when an assignment of one of `roleIds` to the principal, or to a group of it, covers `scope` and has taken effect. */
export function hasRole(azure: Azure, objectId: string, roleIds: readonly string[], scope: string): boolean {
  if (objectId === azure.settings.identity.objectId) return true;
  return resourcesOfType(azure, 'Microsoft.Authorization/roleAssignments').some(({ createdMs, id, properties }) => {
    const effectiveMs = createdMs + azure.latency('rolePropagation', id);
    const roleId = String(properties['roleDefinitionId']).split('/').at(-1)?.toLowerCase() ?? '';
    return (
      roleIds.includes(roleId) &&
      covers(String(properties['scope']), scope) &&
      effectiveMs <= azure.clock.now() &&
      isOrHolds(azure, String(properties['principalId']), objectId)
    );
  });
}

function covers(assigned: string, scope: string): boolean {
  return `${keyOf(scope)}/`.startsWith(`${keyOf(assigned)}/`);
}

function isOrHolds(azure: Azure, principalId: string, objectId: string): boolean {
  if (principalId.toLowerCase() === objectId.toLowerCase()) return true;
  return findPrincipal(azure, principalId)?.members?.includes(objectId) ?? false;
}
