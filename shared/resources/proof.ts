/**
 * Check: the team's real key, through the real gateway, before anybody is told that the team is ready. Every allowed model answers through its
 * own API, a reserved name is refused, discovery lists exactly the allowed models; while a hold stands, the gateway's refusal is the proof.
 * What has been proven is not asked again: the passed probes travel in `resume`.
 */
import { z } from 'zod';
import { busy, type Outcome, pending, ready, refused } from '../model/outcome.js';
import { problem } from '../model/problem.js';
import type { GatewayAnswer } from './adapters.js';
import { specFields } from './names.js';
import { check } from './resource.js';
import type { ResourceServices } from './services.js';

/** A name that no catalog may use: the policy must refuse it. */
const RESERVED_MODEL = 'hai-reserved-name';
/** What the product policy says to a model that is not the team's, and to a quota that is used up: then the model is known to be allowed. */
const NOT_ALLOWED = 'model_not_allowed';
const QUOTA_EXCEEDED = 'token_quota_exceeded';
/** A reasoning model may spend the small budget of a probe on thinking, and says so with 400: it answers. */
const BUDGET_SPENT = /max_tokens|max_completion_tokens|output limit/i;

/** No further probe is begun after this long, so that one look ends well within the function's five minutes. */
const LOOK_SECONDS = 100;

const ProofSchema = z.object({
  ...specFields,
  subject: z.string(),
  apis: z.array(z.object({ url: z.url(), models: z.array(z.string()) })),
});
type ProofSpec = z.infer<typeof ProofSchema>;

/** One question to the gateway; `undefined` = proven. */
type Probe = (key: string, services: ResourceServices) => Promise<Outcome | undefined>;

export const proof = check({
  kind: 'proof',
  /** `id`: the secret that holds the key. */
  spec: ProofSchema,
  title: () => 'Prove the access through the gateway',
  async ready(spec, services, resume) {
    const key = await services.keyVault.readSecretValue(spec.id);
    if (!key) return busy('SecretNotFound');
    if (!(await services.sharedModels.isOpen(spec.subject))) return proveClosed(spec, key, services);

    const passed = new Set(resume?.split(',').map(Number));
    const startedMs = services.clock.now();
    for (const [index, probe] of probesOf(spec).entries()) {
      if (passed.has(index)) continue;
      const missing = await probe(key, services);
      if (missing)
        return missing.kind === 'pending' ? { ...missing, resume: [...passed].join(',') || undefined } : missing;
      passed.add(index);
      if (services.clock.now() - startedMs > LOOK_SECONDS * 1000)
        return pending('the other models to answer', { resume: [...passed].join(','), retryAfterSeconds: 1 });
    }
    return ready;
  },
  // A new subscription, policy or backend reaches every gateway unit within minutes.
  patience: { usualSeconds: 5, deadlineSeconds: 20 * 60 },
});

const probesOf = ({ apis }: ProofSpec): Probe[] =>
  apis.flatMap(({ url, models }) => [
    lists(url, models),
    ...models.map((model) => answers(url, model)),
    refusesOthers(url),
  ]);

const lists =
  (url: string, models: string[]): Probe =>
  async (key, { aiGateway }) => {
    const listed = await aiGateway.listModels(url, key);
    const missing = notYet(listed, 200, `the model list of ${url}`);
    if (missing) return missing;
    return isSameSet(listed.models ?? [], models) ? undefined : pending(`${url} to list exactly: ${models.join(', ')}`);
  };

const answers =
  (url: string, model: string): Probe =>
  async (key, { aiGateway }) => {
    const answer = await aiGateway.complete(url, key, model);
    if (answer.status === 403 && answer.code === QUOTA_EXCEEDED) return undefined;
    if (answer.status === 400 && BUDGET_SPENT.test(`${answer.code} ${answer.message}`)) return undefined;
    return notYet(answer, 200, `"${model}" to answer`);
  };

const refusesOthers =
  (url: string): Probe =>
  async (key, { aiGateway }) => {
    const answer = await aiGateway.complete(url, key, RESERVED_MODEL);
    if (answer.status === 200)
      return refused(problem('proof-failed', `${url} let a model through that is not the team's.`));
    const missing = notYet(answer, 403, 'a foreign model to be refused');
    if (missing) return missing;
    return answer.code === NOT_ALLOWED ? undefined : pending(`the refusal to carry the code ${NOT_ALLOWED}`);
  };

/** A suspended subscription is refused by the gateway itself, before any policy of the team. */
async function proveClosed({ apis }: ProofSpec, key: string, { aiGateway }: ResourceServices): Promise<Outcome> {
  for (const { url } of apis) {
    const { status } = await aiGateway.listModels(url, key);
    if (status < 400) return pending(`${url} to refuse the key while a hold stands`);
  }
  return ready;
}

/** New configuration reaches the gateway's units one after another, so any other answer means "not yet"; the step's deadline bounds it. */
function notYet(answer: GatewayAnswer, status: number, what: string): Outcome | undefined {
  if (answer.status === status) return undefined;
  if (answer.status === 429) return busy('TooManyRequests', answer.retryAfterSeconds);
  return pending(`${what} (now ${answer.status}${answer.code ? ` ${answer.code}` : ''})`);
}

const isSameSet = (found: string[], wanted: string[]): boolean =>
  found.length === wanted.length && wanted.every((name) => found.includes(name));
