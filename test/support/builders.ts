/** Small builders for tests: a valid request, the real catalog and guardrails, a platform. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { CatalogSchema } from '../../shared/model/catalog.js';
import { GuardrailsSchema } from '../../shared/model/guardrails.js';
import type { Platform } from '../../shared/model/platform.js';

const root = path.join(__dirname, '..', '..');
const readYaml = (file: string): unknown => parse(readFileSync(path.join(root, file), 'utf8'));

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
