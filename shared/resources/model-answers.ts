/** Check: the model's own server answers under one of the names that it is known to have; the name is kept for the gateway. */
import { z } from 'zod';
import { pending, ready, refused } from '../model/outcome.js';
import { problem } from '../model/problem.js';
import { specFields } from './names.js';
import { check } from './resource.js';

export const modelAnswers = check({
  kind: 'model-answers',
  spec: z.object({ ...specFields, model: z.string(), url: z.url(), servedNames: z.array(z.string()).min(1) }),
  title: ({ url, servedNames }) => `${new URL(url).hostname} answers as ${servedNames[0]}`,
  async ready({ model, url, servedNames }, { modelEndpoint, sharedModels }) {
    const names = await modelEndpoint.readServedNames(url);
    if (!names) return pending(`${url} to answer`);
    const served = servedNames.find((name) => names.includes(name));
    if (!served)
      return refused(
        problem('proof-failed', `${url} serves ${names.join(', ') || 'nothing'} instead of "${servedNames[0]}".`, {
          nextStep: 'Set servedName (and, if needed, preset) of the model in config/model-catalog.yaml.',
        }),
      );
    await sharedModels.recordServedName(model, served);
    return ready;
  },
  patience: { usualSeconds: 10, deadlineSeconds: 20 * 60 },
});
