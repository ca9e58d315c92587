/** The team's key as a secret in the vault, where its members read it. The key is fetched, stored and forgotten within one write. */
import { z } from 'zod';
import { pending, QUICK, REMOVAL } from '../model/outcome.js';
import { nameOf, specFields, teamNamesOf } from './names.js';
import { resource, written } from './resource.js';

/** A deletion shows among the deleted secrets after some seconds; until then the name is in neither list. */
const DELETION_SHOWS_SECONDS = 5;

export const teamKey = resource({
  kind: 'team-key',
  spec: z.object({ ...specFields, subscription: specFields.id, keyGeneration: z.int() }),
  belongs: ({ id, owner, subscription }) =>
    nameOf(id) === teamNamesOf(owner).secret && nameOf(subscription) === teamNamesOf(owner).subscription,
  title: ({ id }) => `Store the key as ${nameOf(id)}`,
  wanted: ({ owner }) => ({ tags: { team: owner, 'managed-by': 'hai' } }),
  async read({ id }, { keyVault }) {
    const found = await keyVault.readSecretState(id);
    const owner = found?.tags['managed-by'] === 'hai' ? found.tags['team'] : undefined;
    return found && { body: found, owner, ...(found.isDeleted && { life: 'deleted' as const }) };
  },
  async write({ id, owner, subscription }, found, { keyVault, apiManagement }) {
    if (found?.life === 'deleted') {
      // A vault may forbid purging; recovering the name works in every vault.
      await keyVault.recoverSecret(id);
      return pending(`the deleted secret "${nameOf(id)}" to be recovered`, {
        retryAfterSeconds: DELETION_SHOWS_SECONDS,
      });
    }
    const { isDeleted: _, ...properties } = found?.body ?? { tags: {}, isDeleted: false };
    const tags = { ...properties.tags, team: owner, 'managed-by': 'hai' };
    await keyVault.writeSecret(id, await apiManagement.readPrimaryKey(subscription), { ...properties, tags });
    return written;
  },
  async remove({ id }, found, { keyVault }) {
    if (found.life !== 'deleted') return keyVault.deleteSecret(id);
    const purged = await keyVault.purgeSecret(id);
    // Reported as left: the vault keeps it until its retention ends, and a later request recovers it.
    return purged === 'protected' ? 'removed' : purged;
  },
  compares: { create: false, write: false, remove: false },
  window: 'a secret of that name that somebody sets between our read and our write gets a newer version above it',
  patience: QUICK,
  removal: REMOVAL,
  armWrites: 1,
});
