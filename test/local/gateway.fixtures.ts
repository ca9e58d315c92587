/**
 * A small world behind the gateway: two APIs, a team's product, a Foundry account and a vLLM server, with policies like
 * production's.
 */
import { type ExplicitClock, explicitClock } from '../../local/clock.js';
import type {
  GatewayApi,
  GatewayBackend,
  GatewayProduct,
  GatewaySubscription,
  GatewayWorld,
  NetworkRequest,
  NetworkResponse,
} from '../../local/world/gateway/contract.js';
import { createGateway, type Gateway } from '../../local/world/gateway/index.js';
import { answerAsFoundry, answerAsVllm } from '../../local/world/models/index.js';

const DEPLOYMENTS = [
  { name: 'gpt-4.1', model: 'gpt-4.1', version: '2025-04-14' },
  { name: 'gpt-5.2', model: 'gpt-5.2', version: '2026-01-01' },
];

export function errorResponse(status: number, code: string): string {
  return `<return-response>
      <set-status code="${status}" reason="Refused" />
      <set-header name="Content-Type" exists-action="override"><value>application/json</value></set-header>
      <set-body>{"error":{"code":"${code}","message":"Refused by policy."}}</set-body>
    </return-response>`;
}

const modelList = (names: string[]) => `<return-response>
      <set-header name="Content-Type" exists-action="override"><value>application/json</value></set-header>
      <set-body>{"object":"list","data":[${names.map((id) => `{"id":"${id}","object":"model"}`).join(',')}]}</set-body>
    </return-response>`;

const modelWhen = (api: string, model: string, served: string, tokensPerMinute: number, quota: number) => `
      <when condition="@(context.Api.Id == "${api}" && (string)context.Variables["model"] == "${model}")">
        <llm-token-limit counter-key="@(context.Subscription.Id + "-${model}")" tokens-per-minute="${tokensPerMinute}"
          token-quota="${quota}" token-quota-period="Daily" estimate-prompt-tokens="true"
          remaining-tokens-header-name="x-ratelimit-remaining-tokens" remaining-quota-tokens-header-name="x-quota-remaining-tokens"
          tokens-consumed-header-name="x-tokens-consumed" />
        <set-variable name="served-model" value="${served}" />
      </when>`;

/** The policy of a team's product: parses once, one `when` for each API and model, its own error codes. */
export const PRODUCT_POLICY = `<!-- A team's product -->
<policies>
  <inbound>
    <base />
    <choose>
      <when condition="@(context.Operation.Id == "models" && context.Api.Id == "openai-api")">${modelList(['gpt-4.1', 'gpt-5.2'])}</when>
      <when condition="@(context.Operation.Id == "models" && context.Api.Id == "kaito-api")">${modelList(['mistral-7b'])}</when>
      <when condition="@(context.Operation.Id != "chat-completions")">${errorResponse(403, 'operation_not_offered')}</when>
    </choose>
    <set-variable name="model" value="@((string)context.Request.Body.As<JObject>(preserveContent: true)["model"] ?? "")" />
    <choose>
      <when condition="@((string)context.Variables["model"] == "")">${errorResponse(400, 'model_missing')}</when>
      ${modelWhen('openai-api', 'gpt-4.1', 'gpt-4.1', 100, 250)}
      ${modelWhen('openai-api', 'gpt-5.2', 'gpt-5.2', 50, 1_000)}
      ${modelWhen('kaito-api', 'mistral-7b', 'mistral-7b-instruct', 200, 10_000)}
      <otherwise>${errorResponse(403, 'model_not_allowed')}</otherwise>
    </choose>
  </inbound>
  <backend>
    <base />
  </backend>
  <outbound>
    <base />
  </outbound>
  <on-error>
    <base />
    <choose>
      <when condition="@(context.LastError.Reason == "ExpressionValueEvaluationFailure" && context.LastError.Scope == "product")">
        ${errorResponse(400, 'body_invalid')}
      </when>
      <when condition="@(context.LastError.Source == "llm-token-limit" && context.Response.StatusCode == 403)">
        ${errorResponse(403, 'token_quota_exceeded')}
      </when>
    </choose>
  </on-error>
</policies>`;

const apiPolicy = (inbound: string) => `<policies>
  <inbound>
    <base />
    <choose>
      <when condition="@(context.Variables.GetValueOrDefault<string>("served-model", "") == "")">${errorResponse(403, 'product_required')}</when>
    </choose>
    <set-header name="api-key" exists-action="delete" />
    <set-query-parameter name="api-key" exists-action="delete" />
    ${inbound}
  </inbound>
  <backend>
    <forward-request timeout="300" buffer-response="false" />
  </backend>
  <outbound><base /></outbound>
  <on-error><base /></on-error>
</policies>`;

export const OPENAI_API_POLICY = apiPolicy(`<set-backend-service backend-id="foundry-backend" />
    <authentication-managed-identity resource="https://cognitiveservices.azure.com" />`);

export const KAITO_API_POLICY = apiPolicy(`<set-header name="Authorization" exists-action="delete" />
    <set-backend-service backend-id="@("kaito-" + (string)context.Variables["model"])" />
    <set-body>@{
      var body = context.Request.Body.As<JObject>(preserveContent: true);
      body["model"] = (string)context.Variables["served-model"];
      return body.ToString();
    }</set-body>`);

const OPERATIONS = [
  { id: 'chat-completions', method: 'POST', urlTemplate: '/chat/completions' },
  { id: 'embeddings', method: 'POST', urlTemplate: '/embeddings' },
  { id: 'models', method: 'GET', urlTemplate: '/models' },
];

const api = (id: string, path: string, policyXml: string): GatewayApi => ({
  id,
  path,
  policyXml,
  operations: OPERATIONS,
  subscriptionKeyHeader: 'api-key',
  subscriptionKeyQuery: 'api-key',
});

/** Everything may be changed by a test before or between calls. */
export class TestWorld implements GatewayWorld {
  apiList: GatewayApi[] = [
    api('openai-api', 'openai/v1', OPENAI_API_POLICY),
    api('kaito-api', 'kaito/v1', KAITO_API_POLICY),
    { ...api('plain-api', 'plain', ''), policyXml: undefined, serviceUrl: 'https://plain.test/base/' },
  ];
  subscriptions: Record<string, GatewaySubscription> = {
    'team-key': { id: 'sub-alpha', state: 'active', productId: 'product-alpha' },
    'other-key': { id: 'sub-beta', state: 'active', productId: 'product-alpha' },
    'all-apis-key': { id: 'master', state: 'active' },
    'one-api-key': { id: 'sub-plain', state: 'active', apiId: 'plain-api' },
  };
  products: Record<string, GatewayProduct> = {
    'product-alpha': {
      id: 'product-alpha',
      state: 'published',
      apiIds: ['openai-api', 'kaito-api'],
      policyXml: PRODUCT_POLICY,
    },
  };
  backends: Record<string, GatewayBackend> = {
    'foundry-backend': { url: 'https://foundry-hub.test/openai/v1' },
    'kaito-mistral-7b': { url: 'http://mistral-7b.kaito.internal/v1' },
  };
  globalPolicy?: string;
  namedValues: Record<string, string> = {};
  fragments: Record<string, string> = {};
  /** What reached the network, oldest first. */
  sent: NetworkRequest[] = [];
  /** Answers instead of the models when set. */
  answer?: (request: NetworkRequest) => Promise<NetworkResponse> | NetworkResponse;

  constructor(readonly clock: ExplicitClock) {}

  apis = () => this.apiList;
  subscriptionByKey = (key: string) => this.subscriptions[key];
  product = (id: string) => this.products[id];
  globalPolicyXml = () => this.globalPolicy;
  backend = (id: string) => this.backends[id];
  namedValue = (name: string) => this.namedValues[name];
  fragment = (id: string) => this.fragments[id];
  identityToken = (resource: string) => `token-for-${new URL(resource).host}`;

  async send(request: NetworkRequest): Promise<NetworkResponse> {
    this.sent.push(request);
    if (this.answer) return this.answer(request);
    const { host } = new URL(request.url);
    if (host === 'foundry-hub.test') return answerAsFoundry(request, DEPLOYMENTS, this.clock);
    if (host === 'mistral-7b.kaito.internal') return answerAsVllm(request, 'mistral-7b-instruct', this.clock);
    throw new Error(`getaddrinfo ENOTFOUND ${host}`);
  }

  /** Gives `plain-api` a policy; sections that are left out stay as they are without a policy. */
  setPlainPolicy(sections: { inbound?: string; backend?: string; outbound?: string; 'on-error'?: string }): void {
    const texts = Object.entries(sections).map(([name, xml]) => `<${name}>${xml}</${name}>`);
    this.apiList[2]!.policyXml = `<policies>${texts.join('')}</policies>`;
  }
}

export interface TestAnswer {
  status: number;
  headers: Record<string, string>;
  text: string;
  /** Empty when the answer is no JSON. */
  json: {
    error?: { code: string; message: string };
    statusCode?: number;
    message?: string;
    activityId?: string;
    model?: string;
    data?: { id: string }[];
    choices?: { message: { content: string } }[];
  };
}

export interface Bench {
  clock: ExplicitClock;
  world: TestWorld;
  gateway: Gateway;
  call(method: string, path: string, options?: CallOptions): Promise<TestAnswer>;
  /** A chat completion as the team's application sends it. */
  chat(model: string, options?: CallOptions & { api?: string; prompt?: string }): Promise<TestAnswer>;
}

export interface CallOptions {
  key?: string;
  headers?: Record<string, string>;
  body?: unknown;
}

/** Monday 2026-01-05 09:00 UTC unless another start is given. */
export function createBench(startMs?: number): Bench {
  const clock = explicitClock(startMs);
  const world = new TestWorld(clock);
  const gateway = createGateway(world, clock);
  const bench: Bench = {
    clock,
    world,
    gateway,
    call: async (method, path, { key = 'team-key', headers = {}, body } = {}) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await gateway.handle({
        method,
        path,
        headers: { host: 'apim.test', ...(key && { 'api-key': key }), ...headers },
        body: text === undefined ? undefined : Buffer.from(text),
        clientIp: '10.0.0.9',
      });
      return readAnswer(response);
    },
    chat: (model, { api: path = 'openai/v1', prompt = 'hello', ...options } = {}) =>
      bench.call('POST', `/${path}/chat/completions`, {
        body: { model, messages: [{ role: 'user', content: prompt }] },
        ...options,
      }),
  };
  return bench;
}

export async function readAnswer({ status, headers, body }: NetworkResponse): Promise<TestAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  const isJson = headers['content-type']?.startsWith('application/json');
  return { status, headers, text, json: isJson ? (JSON.parse(text) as TestAnswer['json']) : {} };
}
