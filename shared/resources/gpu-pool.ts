/**
 * The GPU node pool of a model. KAITO makes it with the Workspace and, in current releases, removes it with it; older ones left it. So it is
 * never made by hai, only looked for and removed when the model is retired.
 */
import { z } from 'zod';
import { QUICK } from '../model/outcome.js';
import { KAITO_POOL_LABEL, workspaceNameOf } from './gpu.js';
import { modelNamesOf, nameOf, slugOfOwner, specFields } from './names.js';
import { resource, written } from './resource.js';

export const gpuPool = resource({
  kind: 'gpu-pool',
  /** `id`: the cluster's id with `/agentPools/of-{workspace}`: KAITO names the pool by itself. */
  spec: z.object({ ...specFields, model: z.string() }),
  belongs: ({ id, owner, model }) =>
    model === slugOfOwner(owner) && nameOf(id) === `of-${modelNamesOf(owner).workspace}`,
  title: ({ model }) => `The GPU node pool of ${model}`,
  wanted: () => ({}),
  async read({ owner, model }, { kubernetes }) {
    const pools = await kubernetes.listPools();
    const found = pools.find(({ labels }) => labels[KAITO_POOL_LABEL] === workspaceNameOf(model));
    return found && { body: found, owner, ...(found.state === 'Deleting' && { life: 'leaving' as const }) };
  },
  // Nothing to write: it comes with the Workspace. Its entry in the ledger is what makes retirement look for it.
  write: async () => written,
  remove: async (_spec, { body, life }, { kubernetes }) =>
    life === 'leaving' ? 'begun' : kubernetes.deletePool(body.name),
  compares: { create: true, write: true, remove: true },
  patience: QUICK,
  // A node pool takes as long to go as it took to come.
  removal: { usualSeconds: 150, deadlineSeconds: 60 * 60 },
  armWrites: 0,
});
