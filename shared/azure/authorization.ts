/** Role assignments. There is nothing to compare: an assignment never changes, and its name says what it is. */
import { ServiceError } from '../model/service-error.js';
import type { Authorization } from '../resources/adapters.js';
import { armCaller, isAbsent } from './arm.js';
import { azureSubscriptionOf, lastOf } from './arm-id.js';
import { type AzureConnection, armOptions, keyed } from './connection.js';

/** The same role for the same principal exists under another name: what was asked for is true. */
const ALREADY_GIVEN = 'RoleAssignmentExists';

export function authorization(connection: AzureConnection): Authorization {
  const arm = armCaller(connection);
  const clients = keyed((azureSubscriptionId) => {
    const sdk = require('@azure/arm-authorization') as typeof import('@azure/arm-authorization');
    return new sdk.AuthorizationManagementClient(connection.credential, azureSubscriptionId, armOptions(connection));
  });
  const assignments = (id: string) => clients(azureSubscriptionOf(id)).roleAssignments;

  return {
    async readGrant(id) {
      const found = await arm.read(`read a role assignment ${on(id)}`, isAbsent(id), (options) =>
        assignments(id).getById(withoutSlash(id), options),
      );
      return found && { roleId: lastOf(found.roleDefinitionId ?? ''), principalId: found.principalId ?? '' };
    },

    async writeGrant({ id, roleId, principalId, principalType }) {
      const definitions = `/subscriptions/${azureSubscriptionOf(id)}/providers/Microsoft.Authorization/roleDefinitions`;
      const body = { roleDefinitionId: `${definitions}/${roleId}`, principalId, principalType };
      try {
        await arm.send(`assign a role ${on(id)}`, (options) =>
          assignments(id).createById(withoutSlash(id), body, options),
        );
        return 'written';
      } catch (error) {
        if (error instanceof ServiceError && error.code === ALREADY_GIVEN) return 'exists';
        throw error;
      }
    },

    deleteGrant: (id) =>
      arm.remove(`remove a role assignment ${on(id)}`, isAbsent(id), (options) =>
        assignments(id).deleteById(withoutSlash(id), options),
      ),
  };
}

/** The SDK puts a slash before the id by itself. */
const withoutSlash = (id: string): string => id.replace(/^\//, '');

/** For a person: what the role is given on. */
const on = (id: string): string => `on "${lastOf(id.replace(/\/providers\/Microsoft\.Authorization\/.*$/i, ''))}"`;
