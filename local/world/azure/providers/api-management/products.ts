/** Products, what they offer (links to APIs, groups) and the rule that they are not deleted from under their subscriptions. */
import { z } from 'zod';
import { ArmError, notFound } from '../../arm/errors.js';
import type { Call, Resource, ResourceType } from '../../arm/resource-type.js';
import { descendants, readResource, removeResource, saveResource } from '../../arm/resources.js';
import { envelope } from '../schema.js';
import { entity, invalid, LIMITS, names, requireWritable, SERVICE, serviceId, sibling } from './common.js';

/** Administrators see every product: the link is there without a PUT (reported). */
const ALWAYS_LINKED = 'administrators';

const properties = z.strictObject({
  displayName: z.string().min(1).max(300),
  description: z.string().max(1000).optional(),
  terms: z.string().optional(),
  subscriptionRequired: z.boolean().default(true),
  approvalRequired: z.boolean().optional(),
  subscriptionsLimit: z.int().optional(),
  state: z.enum(['notPublished', 'published']).default('notPublished'),
});

const product: ResourceType = {
  ...entity,
  type: `${SERVICE}/products`,
  limit: { count: ({ settings }) => settings.limits.products ?? LIMITS.products },
  nameRule: /^[^*#&+:<>?]{1,256}$/,
  body: z.strictObject({ ...envelope, properties }),
  patch: z.strictObject({
    ...envelope,
    properties: properties
      .extend({ subscriptionRequired: z.boolean().optional(), state: z.enum(['notPublished', 'published']).optional() })
      .partial(),
  }),
  beforeDelete(call, existing) {
    const held = subscriptionsOf(call, existing);
    if (held.length > 0 && call.query.get('deleteSubscriptions')?.toLowerCase() !== 'true') {
      throw invalid('product', `it has ${held.length} subscription(s); deleteSubscriptions=true deletes them as well`);
    }
    for (const subscription of held) removeResource(call.azure, subscription);
  },
};

export function subscriptionsOf(call: Call, ofProduct: Resource): Resource[] {
  return descendants(call.azure, serviceId(call), `${SERVICE}/subscriptions`).filter((subscription) =>
    names(String(subscription.properties['scope']), ofProduct),
  );
}

/**
 * A link is a fact without a body of its own: PUT states it, HEAD asks (204 or 404), DELETE takes it back, and what a PUT or a list shows is
 * the thing linked.
 */
function link(kind: 'apis' | 'groups', always?: string): ResourceType {
  return {
    type: `${SERVICE}/products/${kind}`,
    apiVersions: entity.apiVersions,
    verbs: ['PUT', 'HEAD', 'DELETE', 'LIST'],
    body: z.looseObject({}),
    beforeWrite: requireWritable,
    custom: {
      PUT(call) {
        requireWritable(call);
        const name = call.id.names.at(-1) ?? '';
        const linked = sibling(call, `${kind}/${name}`);
        if (!linked) throw notFound(`The ${kind.slice(0, -1)} '${name}'`);
        const known = readResource(call.azure, call.key);
        const parent = readResource(call.azure, `${serviceId(call)}/products/${call.id.names[1]}`);
        const id = `${parent?.id}/${kind}/${linked.name}`;
        const created = { id, name: linked.name, type: `${SERVICE}/products/${kind}`, properties: {}, etag: '' };
        if (!known) saveResource(call.azure, { ...created, createdMs: call.azure.clock.now() });
        return {
          status: known ? 200 : 201,
          body: { id, name: linked.name, type: created.type, properties: linked.properties },
        };
      },
      HEAD(call) {
        const isLinked = call.id.names.at(-1) === always || readResource(call.azure, call.key);
        return { status: isLinked ? 204 : 404 };
      },
    },
    listed(call) {
      const links = descendants(call.azure, `${serviceId(call)}/products/${call.id.names[1]}/${kind}`);
      const linked = new Set([...(always ? [always] : []), ...links.map(({ name }) => name)]);
      return [...linked].flatMap((name) => sibling(call, `${kind}/${name}`) ?? []);
    },
  };
}

/** The other way to link; field reports say 409 for every creation and 405 for every read, and so it is here. */
const apiLinks: ResourceType = {
  type: `${SERVICE}/products/apiLinks`,
  apiVersions: entity.apiVersions,
  verbs: ['PUT', 'LIST'],
  custom: {
    PUT({ id }) {
      throw new ArmError(
        409,
        'Conflict',
        `The link '${id.names.at(-1)}' already exists. Use products/{id}/apis/{apiId}.`,
      );
    },
    LIST: () => ({ status: 200, body: { value: [], count: 0 } }),
  },
};

const subscriptionsOfProduct: ResourceType = {
  type: `${SERVICE}/products/subscriptions`,
  apiVersions: entity.apiVersions,
  verbs: ['LIST'],
  listed(call) {
    const owner = sibling(call, `products/${call.id.names[1]}`);
    return owner ? subscriptionsOf(call, owner) : [];
  },
};

export const products: ResourceType[] = [
  product,
  link('apis'),
  link('groups', ALWAYS_LINKED),
  apiLinks,
  subscriptionsOfProduct,
];
