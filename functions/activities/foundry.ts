/** Steps at Foundry: a team's account, its project, the connections to the gateway. */
import * as contracts from '../../orchestrations/activities.js';
import { busy, pending, ready, refused } from '../../orchestrations/step.js';
import type { Connection } from '../../shared/azure/foundry.js';
import { problem } from '../../shared/model/problem.js';
import { implementStep } from './implement.js';

const FAILED_STATES = ['Failed', 'Canceled'];

/** Looks at a deletion; half a minute is usual. */
const DELETION = { resume: 'deleted', retryAfterSeconds: 10 };

implementStep(contracts.foundryAccount, ({ foundry, platform }) => ({
  async observe({ name }) {
    const found = await foundry.readAccount(name);
    return { existing: found && found.state !== 'Deleting' ? {} : undefined };
  },
  async ensure({ name, location, subdomain, tags }) {
    const found = await foundry.readAccount(name);
    if (found && found.tags['team'] !== tags['team'])
      return refused(
        problem('name-taken', `Foundry account "${name}" exists and does not carry the tag team=${tags['team']}.`, {
          nextStep: 'Tag the account if it is the team’s, or remove it.',
        }),
      );
    if (found && FAILED_STATES.includes(found.state))
      return refused(problem('refused-by-azure', `Foundry account "${name}" is in state "${found.state}".`));
    if (found?.state === 'Succeeded') return ready({ endpoint: found.endpoint });
    if (found) return pending(`Foundry account "${name}" to be made (${found.state})`);

    const inUse = await foundry.countAccounts(location);
    if (inUse !== undefined && inUse >= platform.foundryAccountsMax)
      return refused(
        problem(
          'capacity-exhausted',
          `${location} holds ${inUse} Foundry accounts; ${platform.foundryAccountsMax} are allowed.`,
          {
            nextStep: 'Raise HAI_FOUNDRY_ACCOUNTS_MAX if Azure’s quota allows it, or remove accounts.',
          },
        ),
      );
    const created = await foundry.createAccount(name, { location, subdomain, tags });
    if (created === 'started') return pending(`Foundry account "${name}" to be made`);
    // A team of this name was removed within the last 48 hours and its account still holds the name.
    await foundry.purgeAccount(location, name);
    return pending(`the deleted account "${name}" to be purged`, { retryAfterSeconds: 10 });
  },
  async undo({ name, location }, { existing }, { resume }) {
    if (existing) return ready({});
    const found = await foundry.readAccount(name);
    if (found) {
      if (found.state !== 'Deleting') await foundry.deleteAccount(name);
      return pending(`Foundry account "${name}" to be deleted`, DELETION);
    }
    if (await foundry.isSoftDeleted(location, name)) {
      await foundry.purgeAccount(location, name);
      return pending(`Foundry account "${name}" to be purged`, DELETION);
    }
    // Between the end of a deletion and its showing among the deleted ones, the name is in neither list.
    return resume ? ready({}) : pending(`Foundry account "${name}" to be deleted`, DELETION);
  },
}));

implementStep(contracts.foundryProject, ({ foundry }) => ({
  async observe({ account, name }) {
    return { existing: (await foundry.readProject(account, name)) ? {} : undefined };
  },
  async ensure({ account, name, ...project }) {
    const found = await foundry.readProject(account, name);
    if (!found) {
      await foundry.createProject(account, name, project);
      return pending(`project "${name}" to be made`);
    }
    if (FAILED_STATES.includes(found.state))
      return refused(problem('refused-by-azure', `Project "${account}/${name}" is in state "${found.state}".`));
    if (found.state !== 'Succeeded') return pending(`project "${name}" to be made (${found.state})`);
    if (!found.isDefault)
      return refused(
        problem('name-taken', `Project "${name}" of "${account}" is not the account's default project.`, {
          nextStep: 'The first project of an account is its default; remove the project that was made before.',
        }),
      );
    return found.principalId ? ready({ principalId: found.principalId }) : busy('IdentityNotReady');
  },
  async undo({ account, name }, { existing }) {
    if (existing || !(await foundry.readProject(account, name))) return ready({});
    await foundry.deleteProject(account, name);
    return pending(`project "${name}" to be deleted`, { retryAfterSeconds: 5 });
  },
}));

implementStep(contracts.foundryConnection, ({ foundry, keyVault }) => {
  /** Writes the connection with the key as the vault has it; the key never leaves this function. */
  const write = async (
    at: { account: string; project: string; name: string; secret: string },
    connection: Connection,
  ) => {
    const key = await keyVault.readSecret(at.secret);
    if (!key) return busy('SecretNotFound');
    await foundry.writeConnection(at.account, at.project, at.name, connection, key.value);
    return ready({});
  };
  return {
    async observe({ account, project, name }) {
      return { existing: await foundry.readConnection(account, project, name) };
    },
    // Written even if it looks the same: whether its key still is the team's cannot be read back.
    ensure: ({ target, models, ...at }) => write(at, { target, metadata: connectionMetadata(models) }),
    async undo({ account, project, name, secret }, { existing }) {
      // The key that an adopted connection had cannot be read back: it gets the team's current one.
      if (existing) return write({ account, project, name, secret }, existing);
      await foundry.deleteConnection(account, project, name);
      return ready({});
    },
  };
});

/** A static list in the shape of Foundry's connection objects; the model travels in the body, not in the path. */
const connectionMetadata = (models: { name: string; version: string; format: string }[]): Record<string, string> => ({
  deploymentInPath: 'false',
  models: JSON.stringify(
    models.map(({ name, version, format }) => ({ name, properties: { model: { name, version, format } } })),
  ),
});
