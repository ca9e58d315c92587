/** A team's product at API Management; whose it is stands at the end of its description. */
import { z } from 'zod';
import { QUICK, REMOVAL } from '../model/outcome.js';
import { marked, ownerIn } from './marks.js';
import { nameOf, specFields, teamNamesOf } from './names.js';
import { resource, written } from './resource.js';

export const product = resource({
  kind: 'product',
  spec: z.object({ ...specFields, displayName: z.string() }),
  belongs: ({ id, owner }) => nameOf(id) === teamNamesOf(owner).product,
  title: ({ id }) => `Create the product ${nameOf(id)}`,
  // Approval is required so that nobody else can subscribe by himself.
  wanted: ({ displayName }) => ({
    displayName,
    state: 'published',
    subscriptionRequired: true,
    approvalRequired: true,
  }),
  async read({ id }, { apiManagement }) {
    const found = await apiManagement.readProduct(id);
    return found && { body: found, owner: ownerIn(found.description) };
  },
  async write({ id, owner, displayName }, found, { apiManagement }) {
    const description = found?.body.description ?? marked(`Models of ${owner}.`, owner);
    const product = {
      displayName,
      description,
      state: 'published',
      subscriptionRequired: true,
      approvalRequired: true,
      rest: found?.body.rest ?? {},
    };
    await apiManagement.writeProduct(id, product, found?.body);
    return written;
  },
  remove: ({ id }, { body }, { apiManagement }) => apiManagement.deleteProduct(id, body),
  compares: { create: false, write: true, remove: true },
  window: 'a product that somebody makes between our read and our creation is taken over',
  patience: QUICK,
  removal: REMOVAL,
  armWrites: 1,
});
