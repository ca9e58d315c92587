/** Backends, single ones and pools of them, with their circuit breaker. */
import { z } from 'zod';
import type { Call, ResourceType } from '../../arm/resource-type.js';
import { envelope } from '../schema.js';
import { entity, invalid, LIMITS, requireWritable, SERVICE, sibling } from './common.js';

const POOL_MEMBERS_MAX = 30;

const circuitBreaker = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        name: z.string(),
        failureCondition: z.strictObject({
          count: z.int().optional(),
          percentage: z.int().optional(),
          interval: z.iso.duration(),
          statusCodeRanges: z
            .array(z.strictObject({ min: z.int().min(200).max(599), max: z.int().min(200).max(599) }))
            .max(10)
            .optional(),
          errorReasons: z.array(z.string().max(200)).max(10).optional(),
        }),
        tripDuration: z.iso.duration(),
        acceptRetryAfter: z.boolean().optional(),
      }),
    )
    .max(1, 'one rule for each backend'),
});

const properties = z.strictObject({
  url: z.string().min(1).max(2000).optional(),
  protocol: z.enum(['http', 'soap']).optional(),
  title: z.string().min(1).max(300).optional(),
  description: z.string().min(1).max(2000).optional(),
  resourceId: z.string().min(1).max(2000).optional(),
  type: z.enum(['Single', 'Pool']).optional(),
  pool: z
    .strictObject({
      services: z
        .array(
          z.strictObject({
            id: z.string(),
            weight: z.int().min(0).max(100).optional(),
            priority: z.int().min(0).max(100).optional(),
          }),
        )
        .min(1),
    })
    .optional(),
  circuitBreaker: circuitBreaker.optional(),
  tls: z
    .strictObject({ validateCertificateChain: z.boolean().optional(), validateCertificateName: z.boolean().optional() })
    .optional(),
  credentials: z.looseObject({}).optional(),
});

export const backends: ResourceType = {
  ...entity,
  type: `${SERVICE}/backends`,
  limit: { count: () => LIMITS.backends },
  nameRule: /^[^*#&+:<>?]{1,80}$/,
  body: z.strictObject({ ...envelope, properties }),
  patch: z.strictObject({ ...envelope, properties: properties.partial() }),
  beforeWrite(call, existing) {
    requireWritable(call);
    const asked = call.body['properties'] as z.output<typeof properties> | undefined;
    if (!asked) return;
    const { pool, protocol, type, url } = { ...existing?.properties, ...asked } as z.output<typeof properties>;
    if (type !== 'Pool' && !(url && protocol)) throw invalid('properties', 'url and protocol are required');
    if (type === 'Pool') requireMembers(call, pool?.services ?? []);
  },
};

/** A pool has single backends of the same service, and at most 30 (assumed). */
function requireMembers(call: Call, members: readonly { id: string }[]): void {
  if (members.length === 0 || members.length > POOL_MEMBERS_MAX) {
    throw invalid('pool', `a pool has 1 to ${POOL_MEMBERS_MAX} services`);
  }
  for (const { id } of members) {
    const member = sibling(call, `backends/${id.split('/').at(-1)}`);
    if (!member || member.properties['type'] === 'Pool') throw invalid('pool', `'${id}' is no single backend`);
  }
}
