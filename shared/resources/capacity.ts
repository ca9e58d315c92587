/** Check: the cluster runs KAITO and may hold another GPU node pool. Refused before a GPU is bought. */
import { z } from 'zod';
import { QUICK, ready, refused } from '../model/outcome.js';
import { problem } from '../model/problem.js';
import { KAITO_POOL_LABEL, workspaceNameOf } from './gpu.js';
import { nameOf, specFields } from './names.js';
import { check, UNSURE, unsure } from './resource.js';

export const capacity = check({
  kind: 'capacity',
  /** `id`: the cluster's. */
  spec: z.object({ ...specFields, model: z.string(), gpuPoolsMax: z.int() }),
  title: () => 'The cluster has room for another GPU node pool',
  async ready({ id, model, gpuPoolsMax }, { kubernetes }, resume) {
    const cluster = await kubernetes.readCluster();
    if (!cluster && resume !== UNSURE) return unsure(`cluster "${nameOf(id)}" to show`);
    if (!cluster || cluster.state === 'Failed')
      return refused(problem('refused-by-azure', `Cluster "${nameOf(id)}" is ${cluster ? 'failed' : 'not there'}.`));
    if (!cluster.hasKaito)
      return refused(
        problem('refused-by-azure', `Cluster "${nameOf(id)}" runs without the KAITO add-on.`, {
          nextStep: 'Enable aiToolchainOperatorProfile on the cluster.',
        }),
      );
    const gpuPools = (await kubernetes.listPools()).filter(({ labels }) => KAITO_POOL_LABEL in labels);
    const isOwn = gpuPools.some(({ labels }) => labels[KAITO_POOL_LABEL] === workspaceNameOf(model));
    if (isOwn || gpuPools.length < gpuPoolsMax) return ready;
    return refused(
      problem('capacity-exhausted', `The cluster has ${gpuPools.length} GPU node pools; ${gpuPoolsMax} are allowed.`, {
        nextStep: 'Retire a model, or raise gpuPoolsMax in config/guardrails.yaml.',
      }),
    );
  },
  patience: QUICK,
});
