import { answerAsVllm } from '../../local/world/models/index.js';
import { createBench } from './gateway.fixtures.js';

/** 120 characters are 30 tokens; the answer of gpt-4.1 echoes 80 of them after 28 of its own: 27 tokens. */
const PROMPT = 'p'.repeat(120);
const CALL_TOKENS = 57;
const DAY_MS = 24 * 3_600_000;

describe('llm-token-limit', () => {
  it('charges what the model reports and says what is left', async () => {
    const { chat } = createBench();
    const answer = await chat('gpt-4.1', { prompt: PROMPT });
    expect(answer.headers).toMatchObject({
      'x-tokens-consumed': String(CALL_TOKENS),
      'x-ratelimit-remaining-tokens': String(100 - CALL_TOKENS),
      'x-quota-remaining-tokens': String(250 - CALL_TOKENS),
    });
  });

  it('answers 429 with Retry-After within a minute, and lets calls pass in the next', async () => {
    const { chat, clock, world } = createBench();
    await chat('gpt-4.1', { prompt: PROMPT });
    await clock.advance(20_000);
    const refused = await chat('gpt-4.1', { prompt: 'q'.repeat(200) });
    expect(refused.status).toBe(429);
    expect(refused.headers).toMatchObject({ 'retry-after': '40', 'x-ratelimit-remaining-tokens': '43' });
    expect(refused.json).toEqual({ statusCode: 429, message: 'Token limit is exceeded. Try again in 40 seconds.' });
    expect(world.sent).toHaveLength(1);
    await clock.advance(40_000);
    expect((await chat('gpt-4.1', { prompt: 'q'.repeat(200) })).status).toBe(200);
  });

  it('carries what a minute used beyond its limit into the next', async () => {
    const { chat, clock } = createBench();
    await chat('gpt-5.2', { prompt: 'q'.repeat(200) });
    const refused = await chat('gpt-5.2', { prompt: 'q'.repeat(4) });
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '60']);
    await clock.advance(60_000);
    const next = await chat('gpt-5.2', { prompt: 'q'.repeat(4) });
    expect(next.status).toBe(200);
    expect(Number(next.headers['x-ratelimit-remaining-tokens'])).toBeLessThan(50 - 9);
  });

  it('answers 403 token_quota_exceeded until the UTC day ends', async () => {
    const { chat, clock } = createBench(Date.UTC(2026, 2, 10, 23, 50));
    for (let calls = 0; calls < 4; calls++) {
      expect((await chat('gpt-4.1', { prompt: PROMPT })).status).toBe(200);
      await clock.advance(120_000);
    }
    const refused = await chat('gpt-4.1', { prompt: PROMPT });
    expect([refused.status, refused.json.error?.code]).toEqual([403, 'token_quota_exceeded']);
    await clock.advance(119_999);
    expect((await chat('gpt-4.1', { prompt: PROMPT })).status).toBe(403);
    await clock.advance(1);
    const next = await chat('gpt-4.1', { prompt: PROMPT });
    expect([next.status, next.headers['x-quota-remaining-tokens']]).toEqual([200, String(250 - CALL_TOKENS)]);
  });

  it('keeps one counter for each key: another model or another team is not affected', async () => {
    const { chat } = createBench();
    await chat('gpt-4.1', { prompt: 'p'.repeat(320) });
    expect((await chat('gpt-4.1', { prompt: PROMPT })).status).toBe(429);
    expect((await chat('mistral-7b', { api: 'kaito/v1', prompt: PROMPT })).status).toBe(200);
    expect((await chat('gpt-4.1', { prompt: PROMPT, key: 'other-key' })).status).toBe(200);
  });

  it('charges nothing for a call that the backend refused', async () => {
    const { chat, world } = createBench();
    world.answer = () => ({
      status: 404,
      headers: { 'content-type': 'application/json' },
      body: (async function* () {
        yield Buffer.from('{"error":{"code":"DeploymentNotFound","message":"gone"}}');
      })(),
    });
    const answer = await chat('gpt-4.1', { prompt: PROMPT });
    expect([answer.status, answer.json.error?.code]).toEqual([404, 'DeploymentNotFound']);
    expect(answer.headers).toMatchObject({ 'x-tokens-consumed': '0', 'x-quota-remaining-tokens': '250' });
  });

  it('estimates the usage of an answer that reports none', async () => {
    const { chat, world } = createBench();
    world.answer = () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: (async function* () {
        yield Buffer.from('{"choices":[{"message":{"content":"12345678"}}]}');
      })(),
    });
    expect((await chat('gpt-4.1', { prompt: PROMPT })).headers['x-tokens-consumed']).toBe('32');
  });

  it.each([
    ['Hourly', Date.UTC(2026, 4, 6, 10, 30), 30 * 60_000],
    ['Daily', Date.UTC(2026, 4, 6, 12), 12 * 3_600_000],
    ['Weekly', Date.UTC(2026, 4, 6), 5 * DAY_MS],
    ['Monthly', Date.UTC(2026, 11, 31), DAY_MS],
    ['Yearly', Date.UTC(2026, 11, 31), DAY_MS],
  ])('frees a %s quota at the end of the calendar period', async (period, startMs, leftMs) => {
    const { call, clock, world } = createBench(startMs);
    world.answer = ({ body }) =>
      answerAsVllm({ method: 'POST', url: 'http://m.test/v1/chat/completions', headers: {}, body }, 'm', clock);
    world.setPlainPolicy({
      inbound: `<llm-token-limit counter-key="all" estimate-prompt-tokens="true" token-quota="10" token-quota-period="${period}"
        tokens-consumed-variable-name="used" retry-after-variable-name="wait" />`,
      outbound: '<set-header name="x-used"><value>@("" + context.Variables["used"])</value></set-header>',
      'on-error': '<set-header name="x-wait"><value>@("" + context.Variables["wait"])</value></set-header>',
    });
    const chat = () =>
      call('POST', '/plain/chat/completions', {
        key: 'all-apis-key',
        body: { messages: [{ content: 'p'.repeat(28) }] },
      });
    const first = await chat();
    expect([first.status, first.headers['x-used']]).toEqual([200, '17']);
    await clock.advance(1_000);
    const refused = await chat();
    const seconds = String(leftMs / 1_000 - 1);
    expect([refused.status, refused.headers['retry-after'], refused.headers['x-wait']]).toEqual([
      403,
      seconds,
      seconds,
    ]);
    expect(refused.json.message).toBe(`Token quota is exceeded. Try again in ${seconds} seconds.`);
    await clock.advance(leftMs - 1_001);
    expect((await chat()).status).toBe(403);
    await clock.advance(1);
    expect((await chat()).status).toBe(200);
  });

  it('takes its numbers from expressions, and fails for one that is no limit', async () => {
    const { call, world } = createBench();
    const put = (tokensPerMinute: string) =>
      world.setPlainPolicy({
        inbound: `<set-variable name="limit" value="@(${tokensPerMinute})" />
          <llm-token-limit counter-key="k" estimate-prompt-tokens="true" tokens-per-minute="@((int)context.Variables["limit"])"
            remaining-tokens-variable-name="left" />
          <return-response><set-status code="@(200 + 2)" /><set-body>@("" + context.Variables["left"])</set-body></return-response>`,
      });
    put('20 + 1');
    const answer = await call('GET', '/plain/models', { key: 'all-apis-key' });
    expect([answer.status, answer.text]).toEqual([202, '21']);
    put('0');
    expect((await call('GET', '/plain/models', { key: 'all-apis-key' })).status).toBe(500);
  });

  it.each(['tokens-per-minute="10"', 'token-quota="10" token-quota-period="Daily"'])(
    'names no time for a prompt larger than %s',
    async (limit) => {
      const { call, world } = createBench();
      world.setPlainPolicy({ inbound: `<llm-token-limit counter-key="k" estimate-prompt-tokens="true" ${limit} />` });
      const body = { messages: [{ content: 'p'.repeat(44) }] };
      const answer = await call('POST', '/plain/chat/completions', { key: 'all-apis-key', body });
      expect(answer.json.message).toMatch(/^Token (limit|quota) is exceeded\.$/);
      expect(answer.headers).not.toHaveProperty('retry-after');
    },
  );

  it('without an estimate only notices afterwards that the limit is used up', async () => {
    const { call, world } = createBench();
    world.backends['plain'] = { url: 'https://foundry-hub.test/openai/v1' };
    world.setPlainPolicy({
      inbound: `<llm-token-limit counter-key="@(context.Request.IpAddress)" tokens-per-minute="20" estimate-prompt-tokens="false" />
        <set-header name="api-key" exists-action="delete" />
        <authentication-managed-identity resource="https://cognitiveservices.azure.com" />
        <set-backend-service backend-id="plain" />`,
    });
    const body = { model: 'gpt-4.1', messages: [{ role: 'user', content: PROMPT }] };
    expect((await call('POST', '/plain/chat/completions', { key: 'all-apis-key', body })).status).toBe(200);
    const second = await call('POST', '/plain/chat/completions', { key: 'all-apis-key', body });
    expect([second.status, second.headers['retry-after']]).toEqual([429, '120']);
  });
});

describe('the other policies that count', () => {
  it('adds up tokens by dimension for llm-emit-token-metric', async () => {
    const { chat, gateway, world } = createBench();
    world.globalPolicy = `<policies><inbound><llm-emit-token-metric namespace="hai">
        <dimension name="Product ID" /><dimension name="model" value="@("" + context.Request.Body.As<JObject>(preserveContent: true)["model"])" />
      </llm-emit-token-metric></inbound></policies>`;
    await chat('gpt-4.1', { prompt: 'p'.repeat(4) });
    await chat('gpt-4.1', { prompt: 'p'.repeat(4) });
    await chat('mistral-7b', { prompt: 'p'.repeat(4), api: 'kaito/v1' });
    await chat('gpt-secret');
    expect(gateway.tokenMetrics()).toEqual([
      {
        namespace: 'hai',
        dimensions: { 'Product ID': 'product-alpha', model: 'gpt-4.1' },
        promptTokens: 2,
        completionTokens: 16,
        calls: 2,
      },
      {
        namespace: 'hai',
        dimensions: { 'Product ID': 'product-alpha', model: 'mistral-7b' },
        promptTokens: 1,
        completionTokens: 9,
        calls: 1,
      },
    ]);
  });

  it('knows the default dimensions of a metric', async () => {
    const { chat, gateway, world } = createBench();
    const names = [
      'API ID',
      'Operation ID',
      'Product ID',
      'Subscription ID',
      'Client IP address',
      'Backend ID',
      'Gateway ID',
    ];
    const dimensions = names.map((name) => `<dimension name="${name}" />`).join('');
    world.globalPolicy = `<policies><inbound><llm-emit-token-metric>${dimensions}</llm-emit-token-metric></inbound>
      <backend><forward-request /></backend></policies>`;
    await chat('gpt-4.1');
    expect(Object.values(gateway.tokenMetrics()[0]!.dimensions)).toEqual([
      'openai-api',
      'chat-completions',
      'product-alpha',
      'sub-alpha',
      '10.0.0.9',
      'foundry-backend',
      'managed',
    ]);
  });

  it('limits calls in a window for rate-limit-by-key', async () => {
    const { call, clock, world } = createBench();
    world.setPlainPolicy({
      inbound: `<rate-limit-by-key calls="2" renewal-period="30" counter-key="@(context.Subscription.Id)" />
        <return-response />`,
      'on-error': '<set-header name="x-reason"><value>@(context.LastError.Reason)</value></set-header>',
    });
    const get = () => call('GET', '/plain/models', { key: 'all-apis-key' });
    expect((await get()).status).toBe(200);
    await clock.advance(10_000);
    expect((await get()).status).toBe(200);
    const refused = await get();
    expect(refused.status).toBe(429);
    expect(refused.headers).toMatchObject({ 'retry-after': '20', 'x-reason': 'RateLimitExceeded' });
    await clock.advance(20_000);
    expect((await get()).status).toBe(200);
  });
});
