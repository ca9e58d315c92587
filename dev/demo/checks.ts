/** Proves from outside what the teams were promised: with their keys through the gateway, as their members at the vault and the project. */
import type { TeamView } from '../../shared/contracts/api.js';

export interface Check {
  team: string;
  check: string;
  passed: boolean;
  detail: string;
}

export interface Outside {
  controlUrl: string;
  armUrl: string;
  azureSubscriptionId: string;
  teamsResourceGroup: string;
}

/** About 15,000 tokens: more than any limit per minute in the examples but one. */
const OVERSIZED_PROMPT = 'All work and no play makes a dull gateway. '.repeat(4_000);

/** Makes every check for one team; `member` belongs to it, `stranger` does not. */
export async function checkTeam(team: TeamView, member: string, stranger: string, outside: Outside): Promise<Check[]> {
  const checks: Check[] = [];
  const record = (check: string, passed: boolean, detail: string) =>
    checks.push({ team: team.name, check, passed, detail });
  const access = team.access;
  if (!access) return [{ team: team.name, check: 'is ready', passed: false, detail: `phase ${team.phase}` }];

  const secret = await readSecret(access.keyReference, await tokenOf(member, VAULT, outside));
  record('a member reads the key by its reference', secret.status === 200, `vault answered ${secret.status}`);
  const denied = await readSecret(access.keyReference, await tokenOf(stranger, VAULT, outside));
  record('a stranger does not', denied.status === 403, `vault answered ${denied.status}`);
  const project = await readProject(team, await tokenOf(member, outside.armUrl, outside), outside);
  record('a member sees the project', project === 200, `Resource Manager answered ${project}`);

  for (const { url, models } of access.apis) {
    for (const model of models) {
      const answer = await complete(url, secret.value, model, 'Say hello.');
      const left = answer.headers.get('x-ratelimit-remaining-tokens');
      const quota = answer.headers.get('x-quota-remaining-tokens');
      const passed = answer.status === 200 && left !== null && quota !== null;
      record(`${model} answers`, passed, `${answer.status}, tokens left: ${left} this minute, ${quota} today`);
    }
    const foreign = await complete(url, secret.value, 'gpt-4o-mini', 'Say hello.');
    record(`${path(url)} refuses another model`, foreign.status === 403, `${foreign.status} ${foreign.code}`);
    const oversized = await complete(url, secret.value, smallest(team, models), OVERSIZED_PROMPT);
    record(`${path(url)} stops an oversized prompt`, oversized.status === 429, `${oversized.status} ${oversized.code}`);
  }
  return checks;
}

const VAULT = 'https://vault.azure.net';

/** The model with the smallest limit per minute. */
function smallest({ spec }: TeamView, models: string[]): string {
  const all = [...(spec.models.foundry?.models ?? []), ...(spec.models.kaito?.models ?? [])];
  const own = all.filter(({ name }) => models.includes(name)).sort((a, b) => a.tokensPerMinute - b.tokensPerMinute);
  return own[0]!.name;
}

async function complete(url: string, key: string, model: string, prompt: string) {
  const response = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: prompt }] }),
  });
  const body = (await response.json()) as { error?: { code?: string }; message?: string };
  return { status: response.status, headers: response.headers, code: body.error?.code ?? body.message ?? '' };
}

/** A token for somebody of the simulated directory, in the place of his sign-in. */
async function tokenOf(objectId: string, resource: string, { controlUrl }: Outside): Promise<string> {
  const response = await fetch(`${controlUrl}/tokens`, {
    method: 'POST',
    body: JSON.stringify({ objectId, resource }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

async function readSecret(reference: string, token: string): Promise<{ status: number; value: string }> {
  const response = await fetch(`${reference}?api-version=7.5`, { headers: { authorization: `Bearer ${token}` } });
  const body = (await response.json()) as { value?: string };
  return { status: response.status, value: body.value ?? '' };
}

async function readProject({ access }: TeamView, token: string, outside: Outside): Promise<number> {
  const { armUrl, azureSubscriptionId, teamsResourceGroup } = outside;
  const id = `/subscriptions/${azureSubscriptionId}/resourceGroups/${teamsResourceGroup}/providers/Microsoft.CognitiveServices/accounts/${access?.foundryResource}/projects/${access?.foundryProject}`;
  const response = await fetch(`${armUrl}${id}?api-version=2025-12-01`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await response.body?.cancel();
  return response.status;
}

const path = (url: string): string => new URL(url).pathname;
