/**
 * The policy of a team's product: which models it may call, with which limits. The spec holds what is allowed; the document is rendered when
 * it is written, since the names under which shared models are served are known only once they run.
 */
import { z } from 'zod';
import { MODEL_NAME } from '../model/naming.js';
import { QUICK, REMOVAL } from '../model/outcome.js';
import { POLICY_EDITION, type PolicyModel, renderProductPolicy } from '../model/product-policy.js';
import { nameOf, specFields, teamNamesOf } from './names.js';
import { product } from './product.js';
import { resource, written } from './resource.js';
import type { ResourceServices } from './services.js';

const ModelSchema = z.object({
  provider: z.enum(['foundry', 'kaito']),
  name: z.string().regex(MODEL_NAME),
  tokensPerMinute: z.int(),
  dailyTokenQuota: z.int(),
});

export const productPolicy = resource({
  kind: 'product-policy',
  spec: z.object({
    ...specFields,
    models: z.array(ModelSchema),
    /** Edition of the document: a release that writes another document writes it anew. */
    edition: z.number(),
  }),
  belongs: ({ id, owner }) => nameOf(id) === teamNamesOf(owner).product,
  title: () => 'Set the allowed models and their token limits',
  parent: ({ id }) => ({ kind: product.kind, id }),
  wanted: () => ({}),
  async read({ id, owner }, { apiManagement }) {
    const found = await apiManagement.readProductPolicy(id);
    return found && { body: found, owner };
  },
  async write({ id, models }, found, services) {
    const xml = renderProductPolicy(await Promise.all(models.map((model) => withServedName(model, services))));
    await services.apiManagement.writeProductPolicy(id, xml, found?.body);
    return written;
  },
  remove: ({ id }, { body }, { apiManagement }) => apiManagement.deleteProductPolicy(id, body),
  compares: { create: false, write: true, remove: true },
  window: 'a policy that somebody writes to our product between our read and our creation is overwritten',
  patience: QUICK,
  removal: REMOVAL,
  armWrites: 1,
});

export const policySpec = (models: Omit<PolicyModel, 'servedName'>[]) => ({ models, edition: POLICY_EDITION });

async function withServedName(
  model: Omit<PolicyModel, 'servedName'>,
  { sharedModels, catalog }: ResourceServices,
): Promise<PolicyModel> {
  if (model.provider === 'foundry') return { ...model, servedName: model.name };
  const document = await sharedModels.read(model.name);
  const entry = catalog.kaito.find(({ name }) => name === model.name);
  return { ...model, servedName: document?.servedName ?? entry?.servedName ?? model.name };
}
