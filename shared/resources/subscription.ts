/**
 * A team's subscription: the key, and whether it opens anything. It is created suspended and opened by a second write after the holds were
 * read, so that no hold can be missed; whoever opens or closes it reads it, then the holds, then writes on the version that it read.
 */
import { z } from 'zod';
import { QUICK, REMOVAL } from '../model/outcome.js';
import type { Subscription } from './adapters.js';
import { nameOf, specFields, teamNamesOf } from './names.js';
import { resource, written } from './resource.js';

export const subscription = resource({
  kind: 'subscription',
  spec: z.object({ ...specFields, product: specFields.id }),
  belongs: ({ id, owner, product }) =>
    nameOf(id) === teamNamesOf(owner).subscription && nameOf(product) === teamNamesOf(owner).product,
  title: ({ id }) => `Create the subscription ${nameOf(id)}`,
  // The state is nobody's spec: it follows from the holds.
  wanted: ({ product }) => ({ scope: product }),
  async read({ id }, { apiManagement }) {
    const found = await apiManagement.readSubscription(id);
    return found && { body: found, owner: ownerOf(found) };
  },
  async write({ id, owner, product }, found, { apiManagement }, { operationId, isOpen }) {
    const displayName = found?.body.displayName ?? `${owner}${MARK}${operationId}`;
    const body = { displayName, scope: product };
    const version = found?.body ?? (await apiManagement.writeSubscription(id, { ...body, state: CLOSED }));
    await apiManagement.writeSubscription(id, { ...body, state: (await isOpen()) ? OPEN : CLOSED }, version);
    return written;
  },
  remove: ({ id }, { body }, { apiManagement }) => apiManagement.deleteSubscription(id, body),
  compares: { create: false, write: true, remove: true },
  window: 'a subscription that somebody makes between our read and our creation is taken over, suspended first',
  creationIsTwoWrites: true,
  patience: QUICK,
  removal: REMOVAL,
  armWrites: 2,
});

const OPEN = 'active';
const CLOSED = 'suspended';

/** The display name carries the mark: the owner, and the operation that made it. */
const MARK = ' by hai, ';
const ownerOf = ({ displayName }: Subscription): string | undefined =>
  displayName.includes(MARK) ? displayName.slice(0, displayName.indexOf(MARK)) : undefined;
