/** The one project of a team's account: the first project of an account is its default one. */
import { z } from 'zod';
import { pending, ready, refused } from '../model/outcome.js';
import { problem } from '../model/problem.js';
import type { FoundryProject } from './adapters.js';
import { FINAL_STATES, foundryAccount } from './foundry-account.js';
import { above, nameOf, specFields, teamNamesOf } from './names.js';
import { type Found, resource, written } from './resource.js';

const FAILED = ['Failed', 'Canceled'];

export const foundryProject = resource({
  kind: 'foundry-project',
  spec: z.object({
    ...specFields,
    location: z.string(),
    displayName: z.string(),
    description: z.string(),
    tags: z.record(z.string(), z.string()),
  }),
  belongs: ({ id, owner }) => nameOf(above(id)) === teamNamesOf(owner).foundryAccount,
  title: ({ id }) => `Create the project ${nameOf(id)}`,
  parent: ({ id }) => ({ kind: foundryAccount.kind, id: above(id) }),
  wanted: ({ tags }) => ({ tags }),
  async read({ id, owner }, { foundry }) {
    const found = await foundry.readProject(id);
    return found && { body: found, owner, ...lifeOf(found) };
  },
  async write({ id, owner: _, ...project }, found, { foundry }) {
    if (found?.life === 'leaving') return pending(`project "${nameOf(id)}" to be gone`, { retryAfterSeconds: 10 });
    await foundry.writeProject(id, { ...project, tags: { ...found?.body.tags, ...project.tags } });
    return written;
  },
  remove: async ({ id }, { life }, { foundry }) => (life === 'leaving' ? 'begun' : foundry.deleteProject(id)),
  async ready({ id }, { foundry }) {
    const found = await foundry.readProject(id);
    const name = nameOf(id);
    if (!found) return pending(`project "${name}" to show`);
    if (FAILED.includes(found.state))
      return refused(
        problem('refused-by-azure', `Project "${name}" of "${nameOf(above(id))}" is in state "${found.state}".`),
      );
    if (found.state !== 'Succeeded') return pending(`project "${name}" to be made (${found.state})`);
    // Read-only at Azure: never sent, asserted after.
    if (!found.isDefault)
      return refused(
        problem('name-taken', `Project "${name}" of "${nameOf(above(id))}" is not the account's default project.`, {
          nextStep: 'The first project of an account is its default; remove the project that was made before.',
        }),
      );
    return found.principalId ? ready : pending(`the identity of project "${name}"`);
  },
  compares: { create: false, write: false, remove: false },
  patience: { usualSeconds: 11, deadlineSeconds: 30 * 60 },
  removal: { usualSeconds: 15, deadlineSeconds: 60 * 60 },
  armWrites: 1,
});

function lifeOf({ state }: FoundryProject): Pick<Found<unknown>, 'life'> {
  if (state === 'Deleting') return { life: 'leaving' };
  return FINAL_STATES.includes(state) ? {} : { life: 'coming' };
}
