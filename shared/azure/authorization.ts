/** Role assignments, named by what they say: the same grant always has the same id, so giving it twice is one assignment. */
import { derivedUuid } from '../kit/ids.js';
import { lazy } from '../kit/lazy.js';
import { AzureError, azureCall, deleteIfPresent, readOrAbsent } from './azure-error.js';
import { type AzureConnection, armOptions } from './connection.js';

export interface RoleGrant {
  /** ARM id of what the role is given on. */
  scope: string;
  /** Id of the role definition (a GUID). */
  roleId: string;
  principalId: string;
  principalType: 'User' | 'Group' | 'ServicePrincipal';
}

/** The same role for the same principal exists under another name: what was asked for is true. */
const ALREADY_GIVEN = 'RoleAssignmentExists';

export const grantName = ({ scope, roleId, principalId }: RoleGrant): string =>
  derivedUuid(scope.toLowerCase(), roleId, principalId);

export function authorization(connection: AzureConnection) {
  const client = lazy(() => {
    const sdk = require('@azure/arm-authorization') as typeof import('@azure/arm-authorization');
    return new sdk.AuthorizationManagementClient(
      connection.credential,
      connection.azureSubscriptionId,
      armOptions(connection),
    );
  });
  const definitionId = (roleId: string): string =>
    `/subscriptions/${connection.azureSubscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`;

  return {
    async hasGrant(grant: RoleGrant): Promise<boolean> {
      const found = await readOrAbsent(`read a role assignment on "${lastOf(grant.scope)}"`, () =>
        client().roleAssignments.get(withoutSlash(grant.scope), grantName(grant)),
      );
      return found !== undefined;
    },

    async writeGrant(grant: RoleGrant): Promise<void> {
      const { scope, roleId, principalId, principalType } = grant;
      const body = { roleDefinitionId: definitionId(roleId), principalId, principalType };
      try {
        await azureCall(`assign a role on "${lastOf(scope)}"`, () =>
          client().roleAssignments.create(withoutSlash(scope), grantName(grant), body),
        );
      } catch (error) {
        if (!(error instanceof AzureError && error.code === ALREADY_GIVEN)) throw error;
      }
    },

    async deleteGrant(grant: RoleGrant): Promise<void> {
      await deleteIfPresent(`remove a role assignment on "${lastOf(grant.scope)}"`, () =>
        client().roleAssignments.delete(withoutSlash(grant.scope), grantName(grant)),
      );
    },
  };
}

/** The SDK puts a slash before the scope by itself. */
const withoutSlash = (scope: string): string => scope.replace(/^\//, '');
const lastOf = (scope: string): string => scope.slice(scope.lastIndexOf('/') + 1);
