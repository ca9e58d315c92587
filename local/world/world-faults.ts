/**
 * The faults of broker and Cosmos DB as the control endpoint of the world sets them. Each simulator reads its object before every request and
 * counts it down; what is given here replaces what was there, and its `forSeconds` count from now.
 */
import { z } from 'zod';
import type { NamedFaults } from './azure/index.js';
import type { BrokerFaults } from './broker/index.js';
import type { CosmosFaults } from './cosmos/index.js';
import { faultWindow } from './fault-windows.js';

const count = z.int().min(0);

/** By entity path. */
const counts = z.record(z.string(), count).optional();

const brokerSchema: z.ZodType<BrokerFaults> = z.strictObject({
  rejectSends: counts,
  loseSendAnswer: counts,
  loseSettlement: counts,
  down: z.record(z.string(), z.strictObject({ ...faultWindow, receivers: z.boolean().optional() })).optional(),
});

const cosmosSchema: z.ZodType<CosmosFaults> = z.strictObject({
  throttleNext: count.optional(),
  throttleRetryAfterMs: count.optional(),
  failNext: z
    .strictObject({
      ...faultWindow,
      count: count.optional(),
      status: z.int().min(400).max(599),
      substatus: z.int().optional(),
      retryAfterMs: count.optional(),
      operation: z.enum(['read', 'write', 'query']).optional(),
      container: z.string().optional(),
    })
    .optional(),
  loseNextAnswers: count.optional(),
});

export const brokerFaults = (faults: BrokerFaults) => named(faults, brokerSchema);
export const cosmosFaults = (faults: CosmosFaults) => named(faults, cosmosSchema);

/** The simulator holds on to its object, so its content is exchanged, not the object. */
function named<Faults extends object>(faults: Faults, schema: z.ZodType<Faults>): NamedFaults {
  return {
    read: () => faults,
    replace(given) {
      const checked = schema.parse(given);
      for (const name of Object.keys(faults)) delete faults[name as keyof Faults];
      Object.assign(faults, checked);
    },
  };
}
