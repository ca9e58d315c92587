/** The KAITO Workspace that runs a shared model: a GPU node, the image, the weights. Its instance type and preset cannot be changed. */
import { z } from 'zod';
import { pending, ready, refused } from '../model/outcome.js';
import { problem } from '../model/problem.js';
import type { WorkspaceState } from './adapters.js';
import { ownerLabels, ownerOfLabels } from './gpu.js';
import { modelNamesOf, nameOf, specFields } from './names.js';
import { resource, written } from './resource.js';

export const workspace = resource({
  kind: 'workspace',
  spec: z.object({ ...specFields, model: z.string(), instanceType: z.string(), preset: z.string() }),
  belongs: ({ id, owner }) => nameOf(id) === modelNamesOf(owner).workspace,
  title: ({ preset, instanceType }) => `Run ${preset} on ${instanceType}`,
  wanted: ({ preset, instanceType }) => ({ preset, instanceType }),
  async read({ id }, { kubernetes }) {
    const found = await kubernetes.readWorkspace(nameOf(id));
    return found && { body: found, owner: ownerOfLabels(found.labels), ...(found.isTerminating && LEAVING) };
  },
  async write({ id, owner, model, instanceType, preset }, found, { kubernetes }) {
    if (found?.life === 'leaving') return pending(`the former Workspace "${nameOf(id)}" to be gone`);
    if (found && (found.body.preset !== preset || found.body.instanceType !== instanceType))
      return refused(
        problem(
          'refused-by-azure',
          `Workspace "${nameOf(id)}" runs ${found.body.preset} on ${found.body.instanceType}, which cannot be changed.`,
          {
            nextStep: 'Retire the model first, then deploy it anew.',
          },
        ),
      );
    if (!found)
      await kubernetes.createWorkspace({ name: nameOf(id), labels: ownerLabels(owner), instanceType, preset, model });
    return written;
  },
  remove: async ({ id }, { body, life }, { kubernetes }) =>
    life === 'leaving' ? 'begun' : kubernetes.deleteWorkspace(nameOf(id), body.uid),
  async ready({ id }, { kubernetes }) {
    const found = await kubernetes.readWorkspace(nameOf(id));
    // What is terminating keeps its conditions: they say nothing any more.
    if (!found || found.isTerminating) return pending(`Workspace "${nameOf(id)}" to show`);
    const missing = missingCondition(found);
    return missing ? pending(missing, { retryAfterSeconds: LOOK_SECONDS }) : ready;
  },
  compares: { create: true, write: true, remove: true },
  patience: { usualSeconds: 7 * 60, deadlineSeconds: 90 * 60 },
  removal: { usualSeconds: 20, deadlineSeconds: 60 * 60 },
  armWrites: 0,
});

/** The cluster's own server is read, which bounds nobody; GPUs cost dollars an hour, and teams wait. */
const LOOK_SECONDS = 15;

const LEAVING = { life: 'leaving' as const };

/** KAITO's conditions in the order in which they come true; both must hold, since one alone has been seen to lie. */
const CONDITIONS = [
  { type: 'ResourceReady', waitingFor: 'a GPU node' },
  { type: 'InferenceReady', waitingFor: 'the model to load' },
];

function missingCondition({ conditions }: WorkspaceState): string | undefined {
  for (const { type, waitingFor } of CONDITIONS) {
    const found = conditions.find((condition) => condition.type === type);
    if (found?.status !== 'True') return found?.message ? `${waitingFor} (${found.message})` : waitingFor;
  }
  return undefined;
}
