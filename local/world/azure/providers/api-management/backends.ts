/** Backends (single ones and pools) with their circuit breaker, and loggers, which are only read. */
import { z } from 'zod';
import type { ResourceType } from '../../arm/resource-type.js';
import { envelope } from '../schema.js';
import { entity, invalid, requireActiveService, SERVICE } from './common.js';

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

export const backends: ResourceType[] = [
  {
    ...entity,
    type: `${SERVICE}/backends`,
    nameRule: /^[^*#&+:<>?]{1,80}$/,
    body: z.strictObject({ ...envelope, properties }),
    patch: z.strictObject({ ...envelope, properties: properties.partial() }),
    beforeWrite(call, existing) {
      requireActiveService(call);
      const asked = call.body['properties'] as z.output<typeof properties> | undefined;
      if (!asked) return;
      const wanted = { ...existing?.properties, ...asked };
      if (wanted['type'] === 'Pool' ? !wanted['pool'] : !wanted['url'] || !wanted['protocol']) {
        throw invalid(
          'properties',
          wanted['type'] === 'Pool' ? 'a pool needs pool.services' : 'url and protocol are required',
        );
      }
    },
  },
  { ...entity, type: `${SERVICE}/loggers`, verbs: ['GET', 'HEAD', 'LIST'] },
];
