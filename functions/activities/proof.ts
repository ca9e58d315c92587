/** The proof of access: the team's real key, through the real gateway, before anybody is told that the team is ready. */
import * as contracts from '../../orchestrations/activities.js';
import { busy, pending, ready, refused } from '../../orchestrations/step.js';
import type { GatewayAnswer } from '../../shared/azure/ai-gateway.js';
import { problem } from '../../shared/model/problem.js';
import { implementStep } from './implement.js';

/** A name that no catalog may use: the policy must refuse it. */
const RESERVED_MODEL = 'hai-reserved-name';

/** What the product policy says to a model that is not the team's. */
const NOT_ALLOWED = 'model_not_allowed';

implementStep(contracts.proof, ({ aiGateway, keyVault }) => ({
  async ensure({ secret, apis }) {
    const key = await keyVault.readSecret(secret);
    if (!key) return busy('SecretNotFound');
    let calls = 0;
    for (const { url, models } of apis) {
      const listed = await aiGateway.listModels(url, key.value);
      const discovery = expectStatus(listed, 200, `the model list of ${url}`);
      if (discovery) return discovery;
      if (!isSameSet(listed.models ?? [], models)) return pending(`${url} to list exactly: ${models.join(', ')}`);

      for (const model of models) {
        const answered = expectStatus(await aiGateway.complete(url, key.value, model), 200, `"${model}" to answer`);
        if (answered) return answered;
      }

      const reserved = await aiGateway.complete(url, key.value, RESERVED_MODEL);
      if (reserved.status === 200)
        return refused(problem('proof-failed', `${url} let a model through that is not the team's.`));
      const refusal = expectStatus(reserved, 403, 'a foreign model to be refused');
      if (refusal) return refusal;
      if (reserved.code !== NOT_ALLOWED) return pending(`the refusal to carry the code ${NOT_ALLOWED}`);
      calls += models.length + 2;
    }
    return ready({ calls });
  },
}));

/** New configuration reaches the gateway's units one after another, so any other answer means "not yet"; the step's deadline bounds it. */
function expectStatus(answer: GatewayAnswer, status: number, what: string) {
  if (answer.status === status) return undefined;
  if (answer.status === 429) return busy('TooManyRequests', answer.retryAfterSeconds);
  return pending(`${what} (now ${answer.status}${answer.code ? ` ${answer.code}` : ''})`);
}

const isSameSet = (found: string[], wanted: string[]): boolean =>
  found.length === wanted.length && wanted.every((name) => found.includes(name));
