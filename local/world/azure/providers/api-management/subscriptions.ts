/** Subscriptions and their two keys, which only listSecrets shows. */
import { z } from 'zod';
import { ArmError } from '../../arm/errors.js';
import { keyOf } from '../../arm/resource-id.js';
import type { Call, Json, Resource, ResourceType } from '../../arm/resource-type.js';
import { descendants, readResource, saveResource } from '../../arm/resources.js';
import { mintKey } from '../../azure.js';
import type { Answer } from '../../http.js';
import { envelope, readOnly } from '../schema.js';
import { entity, invalid, LIMITS, requireWritable, SERVICE, serviceId, sibling } from './common.js';
import { subscriptionsOf } from './products.js';

const key = z.string().min(1).max(256);

const properties = z.strictObject({
  displayName: z.string().min(1).max(100),
  scope: z.string(),
  ownerId: z.string().optional(),
  primaryKey: key.optional(),
  secondaryKey: key.optional(),
  state: z.enum(['suspended', 'active', 'expired', 'submitted', 'rejected', 'cancelled']).optional(),
  allowTracing: z.boolean().optional(),
  createdDate: readOnly,
  startDate: readOnly,
  expirationDate: readOnly,
  endDate: readOnly,
  notificationDate: readOnly,
  stateComment: readOnly,
});

const patched = properties
  .extend({ stateComment: z.string().optional(), expirationDate: z.string().optional() })
  .partial();

type Properties = Partial<z.output<typeof properties>>;

export const subscription: ResourceType = {
  ...entity,
  type: `${SERVICE}/subscriptions`,
  limit: { count: () => LIMITS.subscriptions },
  nameRule: /^[^*#&+:<>?]{1,256}$/,
  body: z.strictObject({ ...envelope, properties }),
  patch: z.strictObject({ ...envelope, properties: patched }),
  contention: {
    latency: 'subscriptionContention',
    /** Two new subscriptions of one product meet; changes don't. */
    holds(key, call) {
      if (!call || readResource(call.azure, key)) return undefined;
      const scope = (call.body['properties'] as { scope?: unknown } | undefined)?.scope;
      const product = typeof scope === 'string' ? productOf(call, scope) : undefined;
      return product && `${keyOf(product.id)}/subscriptions`;
    },
    // terraform-provider-azurerm #8571, #15240.
    refusal: () => new ArmError(412, 'PreconditionFailed', 'Resource was modified since last retrieval.'),
  },
  beforeWrite(call, existing) {
    requireWritable(call);
    const wanted = call.body['properties'] as Properties | undefined;
    for (const slot of ['primaryKey', 'secondaryKey'] as const) requireUniqueKey(call, slot, wanted?.[slot]);
    if (wanted?.scope !== undefined) requireScope(call, wanted.scope, existing);
  },
  build(call, existing) {
    const { primaryKey, secondaryKey, ...wanted } = call.body['properties'] as Properties;
    const { azure } = call;
    const scope = fullScope(call, wanted.scope ?? '');
    const state = wanted.state ?? existing?.properties['state'] ?? firstState(call, scope);
    const createdDate = existing?.properties['createdDate'] ?? new Date(azure.clock.now()).toISOString();
    return {
      properties: { allowTracing: false, ...wanted, scope, state, createdDate },
      hidden: {
        primaryKey: primaryKey ?? existing?.hidden?.['primaryKey'] ?? mintKey(azure),
        secondaryKey: secondaryKey ?? existing?.hidden?.['secondaryKey'] ?? mintKey(azure),
      },
    };
  },
  actions: {
    listSecrets: (_call, { hidden }) => ({ status: 200, body: hidden }),
    regeneratePrimaryKey: (call, stored) => regenerate(call, stored, 'primaryKey'),
    regenerateSecondaryKey: (call, stored) => regenerate(call, stored, 'secondaryKey'),
  },
};

function regenerate(call: Call, stored: Resource, slot: 'primaryKey' | 'secondaryKey'): Answer {
  requireWritable(call);
  saveResource(call.azure, { ...stored, hidden: { ...stored.hidden, [slot]: mintKey(call.azure) } });
  return { status: 204 };
}

/** Without a state an administrator's subscription is active, but one of a product that wants approval is only submitted. */
function firstState(call: Call, scope: string): string {
  const ofProduct = productOf(call, scope);
  return ofProduct?.properties['approvalRequired'] === true ? 'submitted' : 'active';
}

function productOf(call: Call, scope: string): Resource | undefined {
  const [kind, name] = keyOf(scope).split('/').slice(-2);
  return kind === 'products' && name ? sibling(call, `products/${name}`) : undefined;
}

/** `/products/x`, `/apis/x`, `/apis`, or the full id of one of them. */
function requireScope(call: Call, scope: string, existing: Resource | undefined): void {
  const relative = relativeScope(call, scope);
  if (relative === '/apis') return;
  const found = /^\/(products|apis)\/[^/]+$/.test(relative) && sibling(call, relative.slice(1));
  if (!found) throw invalid('scope', `'${scope}' names no product and no API of this service`);
  const limit = found.properties['subscriptionsLimit'];
  if (!existing && typeof limit === 'number' && subscriptionsOf(call, found).length >= limit) {
    throw new ArmError(400, 'ValidationError', `The product '${found.name}' admits ${limit} subscription(s) at most.`);
  }
}

function relativeScope(call: Call, scope: string): string {
  const service = keyOf(serviceId(call));
  const wanted = keyOf(scope);
  return wanted.startsWith(`${service}/`) ? wanted.slice(service.length) : wanted;
}

function fullScope(call: Call, scope: string): string {
  const relative = relativeScope(call, scope);
  return sibling(call, relative.slice(1))?.id ?? `${serviceId(call)}${relative}`;
}

/** A key finds one subscription; whether Azure refuses a second holder is not documented, so the strict reading is taken. */
function requireUniqueKey(call: Call, slot: string, wanted: string | undefined): void {
  if (wanted === undefined) return;
  const holder = descendants(call.azure, serviceId(call), `${SERVICE}/subscriptions`).find(
    (other) => keyOf(other.id) !== call.key && Object.values((other.hidden ?? {}) as Json).includes(wanted),
  );
  if (holder) throw invalid(slot, 'another subscription of this service uses this key');
}
