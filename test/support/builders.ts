/** Small builders for tests: a valid request, the real catalog and guardrails, a platform, a line's places. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../../dev/paths.js';
import { CatalogSchema } from '../../shared/model/catalog.js';
import { GuardrailsSchema } from '../../shared/model/guardrails.js';
import type { Placed } from '../../shared/model/line.js';
import { slugOf } from '../../shared/model/naming.js';
import type { Platform } from '../../shared/model/platform.js';
import { checkRequest } from '../../shared/model/request.js';
import type { TeamTarget } from '../../shared/plan/team-access.js';

const readYaml = (file: string): unknown => parse(readFileSync(path.join(ROOT, file), 'utf8'));

export const catalog = CatalogSchema.parse(readYaml('config/model-catalog.yaml'));
export const guardrails = GuardrailsSchema.parse(readYaml('config/guardrails.yaml'));

export const platform: Platform = {
  azureSubscriptionId: '00000000-0000-0000-0000-000000000000',
  resourceGroup: 'rg-hai-demo',
  teamsResourceGroup: 'rg-hai-demo-teams',
  location: 'swedencentral',
  apiManagement: { name: 'apim-hai-demo', gatewayUrl: 'https://apim-hai-demo.azure-api.net' },
  keyVault: { name: 'kv-hai-demo', url: 'https://kv-hai-demo.vault.azure.net' },
  cluster: { name: 'aks-hai-demo', namespace: 'kaito-models' },
  dnsZone: 'kaito.internal',
  modelsSubnet: 'models',
  modelSourceRanges: ['10.10.6.0/24', '10.10.7.0/24'],
  foundryAccountsMax: 100,
  foundryDomain: 'cognitiveservices.azure.com',
};

interface ModelAccess {
  name: string;
  tokensPerMinute: number;
  dailyTokenQuota: number;
}

export const GROUP = { type: 'Group', objectId: '11111111-2222-3333-4444-555555555555' };

/** A request as a team would write it. */
export function request(name = 'team-alpha', spec: Record<string, unknown> = {}) {
  return {
    apiVersion: 'ai.contoso.com/v1',
    kind: 'TeamAccessRequest',
    metadata: { name },
    spec: {
      owner: 'alpha-lead@contoso.com',
      costCenter: 'CC-12345',
      models: { foundry: { models: [model('gpt-4.1')] } },
      ...spec,
    } as Record<string, unknown>,
  };
}

export const model = (name: string, limits: Partial<ModelAccess> = {}): ModelAccess => ({
  name,
  tokensPerMinute: 10_000,
  dailyTokenQuota: 500_000,
  ...limits,
});

/** What the document asks for, as the worker plans it; throws when it would be refused. */
export function checked(document: unknown, offered = catalog, keyGeneration = 1): TeamTarget {
  const result = checkRequest(document, offered, guardrails);
  if (!result.ok) throw new Error(JSON.stringify(result.problem));
  const { metadata, spec } = result.request;
  return { team: metadata.name, slug: slugOf(metadata.name), spec, keyGeneration };
}

/** An operation's place in a line; a request unless said otherwise. */
export const placed = (generation: number, more: Partial<Placed> = {}): Placed => ({
  operationId: `alpha_${generation}`,
  kind: 'provision-team-access',
  generation,
  ...more,
});
