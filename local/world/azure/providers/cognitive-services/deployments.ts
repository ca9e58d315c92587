/** Deployments of models on an account, which take capacity from the quota of their region, SKU and model. */
import { z } from 'zod';
import { ArmError } from '../../arm/errors.js';
import type { Call, Json, Resource, ResourceType } from '../../arm/resource-type.js';
import { readResource, resourcesOfType } from '../../arm/resources.js';
import type { Azure } from '../../azure.js';
import { envelope, readOnly, tags } from '../schema.js';
import {
  ACCOUNTS,
  API_VERSIONS,
  accountOf,
  oneWriteForEachAccount,
  RESOURCE_NAME,
  requireQuietAccount,
} from './common.js';

/** https://learn.microsoft.com/azure/foundry/foundry-models/quotas-limits */
const DEPLOYMENTS_MAX = 32;

/** https://learn.microsoft.com/azure/foundry/foundry-models/concepts/deployment-types */
const SKUS = [
  'Standard',
  'GlobalStandard',
  'DataZoneStandard',
  'ProvisionedManaged',
  'GlobalProvisionedManaged',
  'DataZoneProvisionedManaged',
  'GlobalBatch',
  'DataZoneBatch',
] as const;

const sku = z.strictObject({ name: z.enum(SKUS), capacity: z.int().min(1).default(1) });

const body = z.strictObject({
  ...envelope,
  tags: tags.optional(),
  sku,
  properties: z.strictObject({
    model: z.strictObject({ format: z.string(), name: z.string(), version: z.string().optional() }),
    versionUpgradeOption: z
      .enum(['OnceNewDefaultVersionAvailable', 'OnceCurrentVersionExpired', 'NoAutoUpgrade'])
      .optional(),
    raiPolicyName: z.string().optional(),
    provisioningState: readOnly,
  }),
});

type Sku = z.output<typeof sku>;

export const deployment: ResourceType = {
  type: `${ACCOUNTS}/deployments`,
  apiVersions: API_VERSIONS,
  verbs: ['PUT', 'PATCH', 'GET', 'DELETE', 'LIST'],
  nameRule: RESOURCE_NAME,
  body,
  patch: z.strictObject({ tags: tags.optional(), sku: sku.optional() }),
  etagInBody: true,
  creation: { latency: 'foundryDeployment', headers: true },
  update: { latency: 'foundryUpdate', headers: true, state: 'Accepted', applies: changesCapacity },
  deletion: { latency: 'foundryDelete' },
  contention: oneWriteForEachAccount,
  limit: { count: () => DEPLOYMENTS_MAX },
  beforeWrite(call, existing) {
    requireQuietAccount(call);
    const wanted = call.body['sku'] as Sku | undefined;
    const given = call.body['properties'] as Json | undefined;
    if (wanted) requireCapacity(call, usageName(wanted, given ?? existing?.properties), wanted.capacity, existing);
  },
};

function changesCapacity({ azure, body: asked, key }: Call): boolean {
  return (readResource(azure, key)?.sku as Sku | undefined)?.capacity !== (asked['sku'] as Sku).capacity;
}

/** `OpenAI.GlobalStandard.gpt-4o`: what a quota is kept for. */
function usageName({ name }: Sku, properties: Json | undefined): string {
  const model = properties?.['model'] as { format: string; name: string } | undefined;
  return `${model?.format}.${name}.${model?.name}`;
}

function requireCapacity(call: Call, usage: string, wanted: number, existing: Resource | undefined): void {
  const { azure } = call;
  const region = accountOf(call)?.location ?? '';
  const held = Number(existing?.sku?.['capacity'] ?? 0);
  const used = capacityInUse(azure, region).get(usage) ?? 0;
  const limit = capacityLimit(azure, usage);
  if (used - held + wanted <= limit) return;
  const text = `This operation require ${wanted - held} new capacity in quota Tokens Per Minute (thousands) - ${usage}, which is bigger than the current available capacity ${limit - used}. The current quota usage is ${used} and the quota limit is ${limit} for quota Tokens Per Minute (thousands) - ${usage}.`;
  throw new ArmError(400, 'InsufficientQuota', text);
}

export function capacityLimit({ settings }: Azure, usage: string): number {
  return settings.limits.modelCapacity[usage] ?? settings.limits.modelCapacityDefault;
}

/** Of all accounts of the region, by usage name. */
export function capacityInUse(azure: Azure, region: string): Map<string, number> {
  const used = new Map<string, number>();
  for (const { id, properties, sku: held } of resourcesOfType(azure, `${ACCOUNTS}/deployments`)) {
    const account = readResource(azure, id.split('/').slice(0, -2).join('/'));
    if (account?.location?.toLowerCase() !== region.toLowerCase()) continue;
    const usage = usageName(held as Sku, properties);
    used.set(usage, (used.get(usage) ?? 0) + Number(held?.['capacity'] ?? 1));
  }
  return used;
}
