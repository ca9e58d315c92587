/**
 * A team's place on a shared model: an entry in the model's document. Writing it begins the deployment of the model's next generation where
 * there is none; everybody waits on the document. A team's way back removes its place only; a model that became ready stays.
 */
import { z } from 'zod';
import { pending, ready, refused } from '../model/outcome.js';
import { problem } from '../model/problem.js';
import { type ModelDocument, memberOf } from '../model/shared-model.js';
import { above, nameOf, slugOfOwner, specFields } from './names.js';
import { resource, written } from './resource.js';

/** Our own document is read for one request unit, so it is looked at often. */
const LOOK_SECONDS = 10;

export const modelMembership = resource({
  kind: 'model-membership',
  spec: z.object({ ...specFields, slug: z.string() }),
  belongs: ({ id, owner, slug }) => slug === slugOfOwner(owner) && above(id) === `subjects/${slug}`,
  title: ({ id }) => `Join the shared model ${nameOf(id)}`,
  wanted: () => ({}),
  async read({ id, owner, slug }, { sharedModels }) {
    const model = await sharedModels.read(nameOf(id));
    const found = model && memberOf(model, slug);
    return found && { body: { isCurrent: found.generation === model.generation }, owner };
  },
  async write({ id, slug }, _found, { sharedModels }) {
    if (await sharedModels.join(nameOf(id), slug)) return written;
    return pending(`the former "${nameOf(id)}" to be retired`, { retryAfterSeconds: LOOK_SECONDS });
  },
  async remove({ id, slug }, _found, { sharedModels }) {
    await sharedModels.leave(nameOf(id), slug);
    return 'removed';
  },
  async ready({ id }, { sharedModels }) {
    const model = await sharedModels.read(nameOf(id));
    if (model?.phase === 'Ready') return ready;
    if (model?.phase === 'Failed' || model?.phase === 'Stuck') return refused(deploymentFailed(model));
    return pending(`the shared model "${nameOf(id)}" to be deployed`, { retryAfterSeconds: LOOK_SECONDS });
  },
  async isCurrent({ id, slug }, { sharedModels }) {
    const model = await sharedModels.read(nameOf(id));
    return model !== undefined && memberOf(model, slug)?.generation === model.generation;
  },
  compares: { create: true, write: true, remove: true },
  // GPU node, image and weights take 8 to 15 minutes; the deployment has its own deadlines below this one.
  patience: { usualSeconds: 2, deadlineSeconds: 150 * 60 },
  removal: { usualSeconds: 5, deadlineSeconds: 15 * 60 },
  armWrites: 0,
});

const deploymentFailed = ({ name, operationId, error }: ModelDocument) =>
  problem('model-deployment-failed', `"${name}" could not be deployed: ${error?.detail ?? 'no cause is known'}`, {
    operationId,
    azureCode: error?.azureCode,
    nextStep: error?.nextStep,
  });
