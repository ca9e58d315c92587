/** The gateway's backend of a shared model; whose it is stands at the end of its description. */
import { z } from 'zod';
import { QUICK, REMOVAL } from '../model/outcome.js';
import { marked, ownerIn } from './marks.js';
import { modelNamesOf, nameOf, specFields } from './names.js';
import { resource, written } from './resource.js';

export const backend = resource({
  kind: 'backend',
  spec: z.object({ ...specFields, title: z.string(), url: z.url() }),
  belongs: ({ id, owner }) => nameOf(id) === modelNamesOf(owner).backend,
  title: ({ id }) => `Create the gateway backend ${nameOf(id)}`,
  wanted: ({ title, url }) => ({ title, url }),
  async read({ id }, { apiManagement }) {
    const found = await apiManagement.readBackend(id);
    return found && { body: found, owner: ownerIn(found.description) };
  },
  async write({ id, owner, title, url }, found, { apiManagement }) {
    const description = found?.body.description ?? marked('A shared model.', owner);
    await apiManagement.writeBackend(id, { title, url, description, rest: found?.body.rest ?? {} }, found?.body);
    return written;
  },
  remove: ({ id }, { body }, { apiManagement }) => apiManagement.deleteBackend(id, body),
  compares: { create: false, write: true, remove: true },
  window: 'a backend that somebody makes between our read and our creation is taken over',
  patience: QUICK,
  removal: REMOVAL,
  armWrites: 1,
});
