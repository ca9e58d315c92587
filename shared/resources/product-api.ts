/** The link between a team's product and one of the platform's APIs. It has no body: it stands or it does not. */
import { z } from 'zod';
import { QUICK, REMOVAL } from '../model/outcome.js';
import { above, nameOf, specFields, teamNamesOf } from './names.js';
import { product } from './product.js';
import { resource, written } from './resource.js';

export const productApi = resource({
  kind: 'product-api',
  spec: z.object(specFields),
  belongs: ({ id, owner }) => nameOf(above(id)) === teamNamesOf(owner).product,
  title: ({ id }) => `Add ${nameOf(id)} to the product`,
  parent: ({ id }) => ({ kind: product.kind, id: above(id) }),
  wanted: () => ({}),
  async read({ id, owner }, { apiManagement }) {
    return (await apiManagement.hasProductApi(id)) ? { body: {}, owner } : undefined;
  },
  async write({ id }, _found, { apiManagement }) {
    await apiManagement.addProductApi(id);
    return written;
  },
  remove: ({ id }, _found, { apiManagement }) => apiManagement.removeProductApi(id),
  compares: { create: false, write: false, remove: false },
  patience: QUICK,
  removal: REMOVAL,
  armWrites: 1,
});
