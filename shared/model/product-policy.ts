/**
 * Renders the API Management policy of a team's product: which models the team may call through which API, with which limits. The body is
 * parsed once; each model has its own counter; everything that is not listed is refused. The API policies (owned by Bicep) run after it and
 * refuse calls for which the variables `model` and `served-model` are not set.
 */
import { API_IDS, MODEL_NAME, type Provider } from './naming.js';

/** Counts the changes of the document's text: a team's policy of an older edition is written anew by the next change. */
export const POLICY_EDITION = 1;

export interface PolicyModel {
  provider: Provider;
  name: string;
  /** Name that the backend knows the model by. */
  servedName: string;
  tokensPerMinute: number;
  dailyTokenQuota: number;
}

/** Served names may be Hugging Face ids: letters of both cases, dots, dashes and one kind of slash. */
const SERVED_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,94}[A-Za-z0-9])?$/;

/** The policy document (format `rawxml`). Throws on a name outside the allow-list: such a name must have been refused at the edge. */
export function renderProductPolicy(models: readonly PolicyModel[]): string {
  models.forEach(assertSafe);
  const providers = (['foundry', 'kaito'] as const).filter((provider) => models.some((m) => m.provider === provider));
  const document = element('policies', {}, [
    element('inbound', {}, [
      element('base'),
      choose([
        ...providers.map((provider) => modelList(provider, models)),
        when(
          'context.Operation.Id != "chat-completions"',
          refusal(403, 'operation_not_offered', 'This product offers chat completions and the model list.'),
        ),
      ]),
      element('set-variable', {
        name: 'model',
        value: '@((string)context.Request.Body.As<JObject>(preserveContent: true)["model"] ?? "")',
      }),
      choose([
        when(
          '(string)context.Variables["model"] == ""',
          refusal(400, 'model_missing', 'The request body must name a model.'),
        ),
        ...models.map(allowedModel),
        element('otherwise', {}, [
          refusal(
            403,
            'model_not_allowed',
            'This team has no access to the requested model. GET models lists what it may call.',
          ),
        ]),
      ]),
    ]),
    element('backend', {}, [element('base')]),
    element('outbound', {}, [element('base')]),
    element('on-error', {}, [element('base'), choose(errorAnswers())]),
  ]);
  return `${document}\n`;
}

/** The list that `GET models` answers with, as OpenAI clients expect it. */
const modelList = (provider: Provider, models: readonly PolicyModel[]): string =>
  when(
    `context.Operation.Id == "models" && context.Api.Id == "${API_IDS[provider]}"`,
    answer(200, {
      object: 'list',
      data: models
        .filter((model) => model.provider === provider)
        .map(({ name }) => ({ id: name, object: 'model', created: 0, owned_by: provider })),
    }),
  );

const allowedModel = ({ provider, name, servedName, tokensPerMinute, dailyTokenQuota }: PolicyModel): string =>
  when(
    `context.Api.Id == "${API_IDS[provider]}" && (string)context.Variables["model"] == "${name}"`,
    element('llm-token-limit', {
      'counter-key': `@(context.Subscription.Id + "-${name}")`,
      'tokens-per-minute': String(tokensPerMinute),
      'token-quota': String(dailyTokenQuota),
      'token-quota-period': 'Daily',
      'estimate-prompt-tokens': 'true',
      'remaining-tokens-header-name': 'x-ratelimit-remaining-tokens',
      'remaining-quota-tokens-header-name': 'x-quota-remaining-tokens',
      'tokens-consumed-header-name': 'x-tokens-consumed',
    }),
    element('set-variable', { name: 'served-model', value: servedName }),
  );

/** Invalid JSON and a used-up quota get codes of their own; the rate limit keeps the gateway's 429 with its Retry-After. */
const errorAnswers = (): string[] => [
  when(
    'context.LastError.Reason == "ExpressionValueEvaluationFailure" && context.LastError.Scope == "product"',
    refusal(400, 'body_invalid', 'The request body must be a JSON object whose model is a string.'),
  ),
  when(
    'context.LastError.Source == "llm-token-limit" && context.Response.StatusCode == 403',
    answer(403, {
      error: {
        code: 'token_quota_exceeded',
        type: 'insufficient_quota',
        message: 'The token quota of this model is used up for today (UTC).',
      },
    }),
  ),
];

const choose = (branches: string[]): string => element('choose', {}, branches);

const when = (condition: string, ...actions: string[]): string =>
  element('when', { condition: `@(${condition})` }, actions);

const refusal = (status: number, code: string, message: string): string =>
  answer(status, { error: { code, type: 'invalid_request_error', message } });

const REASONS: Record<number, string> = { 200: 'OK', 400: 'Bad Request', 403: 'Forbidden' };

const answer = (status: number, body: unknown): string =>
  element('return-response', {}, [
    element('set-status', { code: String(status), reason: REASONS[status]! }),
    element('set-header', { name: 'Content-Type', 'exists-action': 'override' }, ['<value>application/json</value>']),
    `<set-body>${escapeText(JSON.stringify(body))}</set-body>`,
  ]);

/** Attribute values stay unescaped: `rawxml` takes expressions with quotes, and every value was checked or is a constant. */
function element(name: string, attributes: Record<string, string> = {}, children: string[] = []): string {
  const head = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${value}"`)].join(' ');
  if (children.length === 0) return `<${head} />`;
  const inner = children.map((child) => child.replace(/^/gm, '  ')).join('\n');
  return `<${head}>\n${inner}\n</${name}>`;
}

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function assertSafe({ name, servedName, tokensPerMinute, dailyTokenQuota }: PolicyModel): void {
  const isSafe =
    MODEL_NAME.test(name) &&
    SERVED_NAME.test(servedName) &&
    Number.isSafeInteger(tokensPerMinute) &&
    Number.isSafeInteger(dailyTokenQuota);
  if (!isSafe) throw new Error(`Model ${JSON.stringify(name)} cannot be written into a policy`);
}
