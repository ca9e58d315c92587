/**
 * The file that says what exists from the start: the platform that Bicep would have deployed, the people of the directory, the objects of the
 * cluster. Checked as a whole, with the path of each mistake.
 */
import { z } from 'zod';
import { LATENCIES, type LatencyName } from './latencies.js';

const guid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'must be a GUID');

const schema = z.strictObject({
  tenantId: guid,
  subscriptionId: guid,
  /** Region of everything that does not say another. */
  location: z.string(),
  /** The control plane's own managed identity; the simulator grants it every role. */
  identity: z
    .strictObject({ objectId: guid, clientId: guid })
    .default({ objectId: '0a000000-0000-4000-8000-000000000001', clientId: '0a000000-0000-4000-8000-000000000002' }),
  resources: z.array(z.strictObject({ id: z.string().startsWith('/subscriptions/'), body: z.looseObject({}) })),
  kubernetes: z
    .array(
      z.looseObject({
        apiVersion: z.string(),
        kind: z.string(),
        metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
      }),
    )
    .default([]),
  principals: z
    .array(
      z.strictObject({
        objectId: guid,
        type: z.enum(['User', 'Group', 'ServicePrincipal']),
        /** Object ids; they hold what is assigned to the group. */
        members: z.array(guid).optional(),
      }),
    )
    .default([]),
  network: z
    .strictObject({
      /** Name of the subnet for the models' addresses, as the Service annotation must give it. */
      modelsSubnet: z.string(),
      /** Its addresses; without it any private address is taken. */
      modelsPrefix: z.cidrv4().optional(),
    })
    .default({ modelsSubnet: 'models' }),
  limits: z
    .strictObject({
      /** Foundry accounts in a region of the Azure subscription: 100, or 30 by another page (documented). */
      foundryAccounts: z.int().min(0).default(100),
      /** Products of one API Management service; by default that of the smaller published table of the v2 tiers. */
      products: z.int().min(0).optional(),
      /** GPU nodes that KAITO may have at once. */
      gpuNodes: z.int().min(0).default(8),
      /** Cores of agent pools that a caller of ARM asks for, in the region. */
      regionalVcpus: z.int().min(0).default(350),
      /** Capacity by usage name (`OpenAI.GlobalStandard.gpt-4o`), in thousands of tokens a minute for the standard SKUs. */
      modelCapacity: z.record(z.string(), z.int().min(0)).default({}),
      /** Of every model and SKU that `modelCapacity` does not name (assumed). */
      modelCapacityDefault: z.int().min(0).default(1_000),
    })
    .prefault({}),
  /** Writes that meet conflict: see `arm/contention.ts`. */
  contention: z.boolean().default(false),
  /** KAITO leaves its agent pools when a Workspace is deleted, as older releases did: see `kubernetes/kaito-nodes.ts`. */
  kaitoLeavesPools: z.boolean().default(false),
  /** Other seconds than those of `latencies.ts`, fixed or as a range. */
  latencies: z
    .partialRecord(
      z.enum(Object.keys(LATENCIES) as [LatencyName, ...LatencyName[]]),
      z.union([z.number().min(0), z.tuple([z.number().min(0), z.number().min(0)])]),
    )
    .default({}),
});

export type ResourcesFile = z.output<typeof schema>;

/** Throws an Error that lists every mistake with its place in the file. */
export function readResourcesFile(content: unknown): ResourcesFile {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const mistakes = result.error.issues.map(
    (issue) => `  ${issue.path.map(String).join('.') || '(file)'}: ${issue.message}`,
  );
  throw new Error(`The resources file is not valid:\n${mistakes.join('\n')}`);
}
