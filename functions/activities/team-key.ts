/** Steps that give a team its key: into the vault, and readable by its members. */
import * as contracts from '../../orchestrations/activities.js';
import { pending, ready } from '../../orchestrations/step.js';
import { grantName } from '../../shared/azure/authorization.js';
import { implementStep } from './implement.js';

/** A deletion shows among the deleted secrets after some seconds; until then the name is in neither list. */
const DELETION_SHOWS_SECONDS = 5;

implementStep(contracts.teamKey, ({ apiManagement, keyVault }) => ({
  async observe({ secret }) {
    const found = await keyVault.readSecret(secret);
    return { existing: found && { version: found.version } };
  },
  /** The key is fetched, stored and forgotten within this one call. */
  async ensure({ secret, subscription, team }) {
    const key = await apiManagement.readPrimaryKey(subscription);
    const stored = await keyVault.readSecret(secret);
    if (!stored && (await keyVault.isSoftDeleted(secret))) {
      // A vault may forbid purging; recovering the name works in every vault.
      await keyVault.recoverSecret(secret);
      return pending(`the deleted secret "${secret}" to be recovered`, { retryAfterSeconds: DELETION_SHOWS_SECONDS });
    }
    if (stored?.value !== key) await keyVault.writeSecret(secret, key, { team, 'managed-by': 'hai' });
    return ready({ keyReference: keyVault.referenceOf(secret) });
  },
  async undo({ secret, team }, { existing }, { resume }) {
    const stored = await keyVault.readSecret(secret);
    if (existing) {
      const former = await keyVault.readSecret(secret, existing.version);
      if (former && stored?.value !== former.value)
        await keyVault.writeSecret(secret, former.value, { team, 'managed-by': 'hai' });
      return ready({});
    }
    if (stored) await keyVault.deleteSecret(secret);
    // Even with nothing found the first time: an earlier try may have deleted it a moment ago.
    if (stored || !resume)
      return pending(`secret "${secret}" to be deleted`, {
        resume: 'deleted',
        retryAfterSeconds: DELETION_SHOWS_SECONDS,
      });
    if ((await keyVault.isSoftDeleted(secret)) && (await keyVault.purgeSecret(secret)))
      return pending(`secret "${secret}" to be purged`, { resume, retryAfterSeconds: DELETION_SHOWS_SECONDS });
    return ready({});
  },
}));

implementStep(contracts.roleGrants, ({ authorization }) => ({
  async observe({ grants }) {
    const existing: string[] = [];
    for (const grant of grants) if (await authorization.hasGrant(grant)) existing.push(grantName(grant));
    return { existing };
  },
  async ensure({ grants }, { before }) {
    for (const grant of grants) if (!before?.existing.includes(grantName(grant))) await authorization.writeGrant(grant);
    return ready({});
  },
  async undo({ grants }, { existing }) {
    for (const grant of grants) if (!existing.includes(grantName(grant))) await authorization.deleteGrant(grant);
    return ready({});
  },
}));
