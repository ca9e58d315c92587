/** A team's own Foundry account; whose it is stands in its tags. A soft-deleted one of ours that still holds the name is purged first. */
import { z } from 'zod';
import { pending, ready, refused } from '../model/outcome.js';
import { problem } from '../model/problem.js';
import type { FoundryAccount } from './adapters.js';
import { nameOf, specFields, teamNamesOf } from './names.js';
import { type Found, resource, written } from './resource.js';
import type { ResourceServices } from './services.js';

const AccountSchema = z.object({
  ...specFields,
  location: z.string(),
  subdomain: z.string(),
  tags: z.record(z.string(), z.string()),
});
type AccountSpec = z.infer<typeof AccountSchema>;

export const foundryAccount = resource({
  kind: 'foundry-account',
  spec: AccountSchema,
  belongs: ({ id, owner }) => nameOf(id) === teamNamesOf(owner).foundryAccount,
  title: ({ id }) => `Create the Foundry account ${nameOf(id)}`,
  wanted: ({ tags }) => ({ tags }),
  async read({ id, location }, { foundry }) {
    const found = await foundry.readAccount(id, location);
    return found && { body: found, owner: ownerOf(found), ...lifeOf(found) };
  },
  // What is soft-deleted meanwhile makes the creation fail by itself.
  async readAgain({ id }, { foundry }) {
    const found = await foundry.readLiveAccount(id);
    return found && { body: found, owner: ownerOf(found), ...lifeOf(found) };
  },
  async write(spec, found, services) {
    const { foundry } = services;
    if (found?.life === 'deleted') {
      await foundry.purgeAccount(spec.id, spec.location);
      return pending(`the deleted account "${nameOf(spec.id)}" to be purged`, { retryAfterSeconds: 10 });
    }
    if (found?.life === 'leaving') return pending(`account "${nameOf(spec.id)}" to be gone`, { retryAfterSeconds: 10 });
    if (found) {
      await foundry.updateAccountTags(spec.id, { ...found.body.tags, ...spec.tags });
      return written;
    }
    const full = await isFull(spec, services);
    if (full) return full;
    await foundry.createAccount(spec.id, spec);
    return written;
  },
  remove: removeAccount,
  async ready({ id }, { foundry }) {
    const found = await foundry.readLiveAccount(id);
    if (!found) return pending(`account "${nameOf(id)}" to show`);
    if (FAILED.includes(found.state)) return refused(failed(id, found));
    return found.state === 'Succeeded' ? ready : pending(`account "${nameOf(id)}" to be made (${found.state})`);
  },
  compares: { create: false, write: false, remove: false },
  window:
    'an account that somebody makes, or puts in the place of ours, between our read and our call is changed or removed',
  // 26 s in the seeds' log.
  patience: { usualSeconds: 25, deadlineSeconds: 30 * 60 },
  removal: { usualSeconds: 20, deadlineSeconds: 60 * 60 },
  armWrites: 1,
});

const FAILED = ['Failed', 'Canceled'];

const ownerOf = ({ tags }: FoundryAccount): string | undefined =>
  tags['managed-by'] === 'hai' ? tags['team'] : undefined;

export const FINAL_STATES = ['Succeeded', ...FAILED];

function lifeOf({ state }: FoundryAccount): Pick<Found<unknown>, 'life'> {
  if (state === 'SoftDeleted') return { life: 'deleted' };
  if (state === 'Deleting') return { life: 'leaving' };
  return FINAL_STATES.includes(state) ? {} : { life: 'coming' };
}

async function removeAccount(
  { id, location }: AccountSpec,
  found: Found<FoundryAccount>,
  { foundry }: ResourceServices,
) {
  if (found.life === 'deleted') return foundry.purgeAccount(id, location);
  return found.life === 'leaving' ? 'begun' : foundry.deleteAccount(id);
}

async function isFull({ location }: AccountSpec, { foundry, foundryAccountsMax }: ResourceServices) {
  const inUse = await foundry.countAccounts(location);
  if (inUse === undefined || inUse < foundryAccountsMax) return undefined;
  return refused(
    problem('capacity-exhausted', `${location} holds ${inUse} Foundry accounts; ${foundryAccountsMax} are allowed.`, {
      nextStep: 'Raise HAI_FOUNDRY_ACCOUNTS_MAX if Azure’s quota allows it, or remove accounts.',
    }),
  );
}

const failed = (id: string, { state, error }: FoundryAccount) =>
  problem('refused-by-azure', `Foundry account "${nameOf(id)}" is in state "${state}"${error ? `: ${error}` : ''}.`);
