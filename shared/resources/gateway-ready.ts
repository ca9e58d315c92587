/** Check: API Management has finished activating, so its management endpoint takes writes and its gateway answers. */
import { z } from 'zod';
import { pending, ready, refused } from '../model/outcome.js';
import { problem } from '../model/problem.js';
import { nameOf, specFields } from './names.js';
import { check, UNSURE, unsure } from './resource.js';

export const gatewayReady = check({
  kind: 'gateway-ready',
  spec: z.object(specFields),
  title: () => 'API Management is ready',
  async ready({ id }, { apiManagement }, resume) {
    const state = await apiManagement.readServiceState(id);
    if (state === undefined && resume !== UNSURE) return unsure(`API Management "${nameOf(id)}" to show`);
    if (state === 'Succeeded' || state === 'Updating') return ready;
    if (state && ['Created', 'Activating'].includes(state))
      return pending(`API Management "${nameOf(id)}" to finish (${state})`);
    return refused(
      problem(
        'refused-by-azure',
        `API Management "${nameOf(id)}" ${state ? `is in state "${state}"` : 'does not exist'}.`,
        {
          nextStep: 'Deploy the platform again.',
        },
      ),
    );
  },
  // StandardV2 activates in about 80 s, other tiers in up to 40 minutes.
  patience: { usualSeconds: 20, deadlineSeconds: 60 * 60 },
});
