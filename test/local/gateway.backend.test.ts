import type { NetworkResponse } from '../../local/world/gateway/contract.js';
import { type Bench, createBench } from './gateway.fixtures.js';

const KEY = 'all-apis-key';
const REPORT = `<set-header name="x-error"><value>@(context.LastError.Source + "/" + context.LastError.Reason)</value></set-header>`;

const answering =
  (status: number, headers: Record<string, string> = {}) =>
  (): NetworkResponse => ({
    status,
    headers,
    body: (async function* () {})(),
  });

/** `plain-api` calls the backend `one`. */
function withBackend(circuitBreaker?: unknown): Bench & { get(): Promise<Awaited<ReturnType<Bench['call']>>> } {
  const bench = createBench();
  bench.world.backends['one'] = { url: 'https://one.test', circuitBreaker };
  bench.world.setPlainPolicy({ inbound: '<set-backend-service backend-id="one" />', 'on-error': REPORT });
  return { ...bench, get: () => bench.call('GET', '/plain/models', { key: KEY }) };
}

describe('a backend', () => {
  it('that is unknown fails when it is called, not when the policy is PUT', async () => {
    const { call, world } = createBench();
    delete world.backends['kaito-mistral-7b'];
    const body = { model: 'mistral-7b', messages: [{ role: 'user', content: 'hi' }] };
    world.globalPolicy = `<policies><backend><forward-request /></backend><on-error>${REPORT}</on-error></policies>`;
    const answer = await call('POST', '/kaito/v1/chat/completions', { body });
    expect([answer.status, answer.headers['x-error']]).toEqual([500, 'set-backend-service/BackendNotFound']);
  });

  it('that no name server knows is a BackendConnectionFailure', async () => {
    const { get } = withBackend();
    const answer = await get();
    expect([answer.status, answer.headers['x-error']]).toEqual([500, 'forward-request/BackendConnectionFailure']);
  });

  it('can be an address, unless an id was chosen before', async () => {
    const { call, world } = withBackend();
    world.answer = answering(204);
    const byAddress = '<set-backend-service base-url="https://two.test/x/" />';
    world.setPlainPolicy({ inbound: byAddress });
    await call('GET', '/plain/models', { key: KEY });
    world.setPlainPolicy({ inbound: `<set-backend-service backend-id="one" />${byAddress}` });
    await call('GET', '/plain/models', { key: KEY });
    expect(world.sent.map(({ url }) => url)).toEqual(['https://two.test/x/models', 'https://one.test/models']);
  });

  it("gets a message of its own: no headers of the caller's connection", async () => {
    const { call, world } = withBackend();
    world.answer = answering(204);
    await call('GET', '/plain/models', {
      key: KEY,
      headers: { Connection: 'close', 'Content-Length': '0', 'X-Mine': 'a' },
    });
    expect(world.sent[0]?.headers).toEqual({ 'api-key': KEY, 'x-mine': 'a' });
  });

  it('that does not answer in time is a Timeout, and its late answer is dropped', async () => {
    const { call, clock, world } = withBackend();
    let isDropped = false;
    world.answer = () =>
      new Promise((resolve) => {
        const end = async (): Promise<IteratorResult<Buffer>> => ({ done: true, value: undefined });
        const drop = () => {
          isDropped = true;
          return end();
        };
        const body = { [Symbol.asyncIterator]: () => ({ next: end, return: drop }) };
        clock.after(6_000, () => resolve({ status: 200, headers: {}, body }));
      });
    world.setPlainPolicy({
      inbound: '<set-backend-service backend-id="one" />',
      backend: '<forward-request timeout="5" />',
      'on-error': REPORT,
    });
    const pending = call('GET', '/plain/models', { key: KEY });
    await clock.advance(5_000);
    const answer = await pending;
    expect([answer.status, answer.headers['x-error']]).toEqual([500, 'forward-request/Timeout']);
    await clock.advance(1_000);
    expect(isDropped).toBe(true);
  });

  it('gets the token of the gateway in a variable, or none when that fails and may', async () => {
    const { call, world } = withBackend();
    world.answer = answering(204);
    world.identityToken = (resource) => {
      if (resource.includes('none')) throw new Error('no identity');
      return 'secret';
    };
    const identity = (rest: string) =>
      `<authentication-managed-identity ${rest} /><set-backend-service backend-id="one" />`;
    const toVariable = identity('resource="https://a.test" output-token-variable-name="t"');
    world.setPlainPolicy({
      inbound: `${toVariable}<set-header name="x-token"><value>@((string)context.Variables["t"])</value></set-header>`,
    });
    await call('GET', '/plain/models', { key: KEY });
    expect(world.sent[0]?.headers).toMatchObject({ 'x-token': 'secret' });
    expect(world.sent[0]?.headers).not.toHaveProperty('authorization');
    world.setPlainPolicy({ inbound: identity('resource="https://none.test" ignore-error="true"') });
    expect((await call('GET', '/plain/models', { key: KEY })).status).toBe(204);
    world.setPlainPolicy({ inbound: identity('resource="https://none.test"'), 'on-error': REPORT });
    const refused = await call('GET', '/plain/models', { key: KEY });
    expect([refused.status, refused.headers['x-error']]).toEqual([
      500,
      'authentication-managed-identity/ManagedIdentityTokenFailure',
    ]);
  });
});

describe('a circuit breaker', () => {
  const breaker = (change: object = {}) => ({
    rules: [
      {
        name: 'rule',
        failureCondition: { count: 2, interval: 'PT1M', statusCodeRanges: [{ min: 500, max: 599 }], errorReasons: [] },
        tripDuration: 'PT2M',
        ...change,
      },
    ],
  });

  it('opens after enough failures in the interval, answers 503 for the trip duration, and closes', async () => {
    const { clock, get, world } = withBackend(breaker());
    world.answer = answering(500);
    await get();
    await clock.advance(60_000);
    await get();
    expect((await get()).headers['x-error']).toBeUndefined();
    const open = await get();
    expect([open.status, open.headers['x-error'], world.sent.length]).toEqual([
      503,
      'forward-request/BackendCircuitOpen',
      3,
    ]);
    await clock.advance(119_999);
    expect((await get()).status).toBe(503);
    await clock.advance(1);
    world.answer = answering(204);
    expect((await get()).status).toBe(204);
  });

  it('counts only its status codes and reasons', async () => {
    const { get, world } = withBackend(breaker());
    world.answer = answering(429);
    for (let calls = 0; calls < 5; calls++) expect((await get()).status).toBe(429);
    world.backends['one']!.circuitBreaker = breaker({
      failureCondition: { count: 1, interval: 'P1D', errorReasons: ['BackendConnectionFailure'] },
    });
    world.answer = undefined;
    expect((await get()).status).toBe(500);
    expect((await get()).status).toBe(503);
  });

  it('stays open as long as the backend asks for, when it accepts Retry-After', async () => {
    const { clock, get, world } = withBackend(
      breaker({
        acceptRetryAfter: true,
        failureCondition: { count: 1, interval: 'PT1H30M', statusCodeRanges: [{ min: 429, max: 429 }] },
      }),
    );
    world.answer = answering(429, { 'retry-after': '7' });
    await get();
    await clock.advance(6_999);
    expect((await get()).status).toBe(503);
    await clock.advance(1);
    expect((await get()).status).toBe(429);
  });

  it('that can not be obeyed is an error of the world, not a silence', async () => {
    const { get } = withBackend({
      rules: [{ failureCondition: { percentage: 10, interval: 'PT1M' }, tripDuration: 'PT1M' }],
    });
    await expect(get()).rejects.toThrow("The circuit breaker of backend 'one' can't be obeyed");
  });
});

describe('a streamed answer', () => {
  const stream = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'p'.repeat(40) }], stream: true };
  const open = (bench: Bench, path = '/openai/v1/chat/completions') =>
    bench.gateway.handle({
      method: 'POST',
      path,
      headers: { 'api-key': 'team-key' },
      body: Buffer.from(JSON.stringify(stream)),
    });

  it('passes chunk by chunk, while the model still speaks', async () => {
    const bench = createBench();
    let speak = (_text: string) => {};
    bench.world.answer = () => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: (async function* () {
        for (let chunks = 0; chunks < 2; chunks++)
          yield Buffer.from(await new Promise<string>((resolve) => (speak = resolve)));
      })(),
    });
    const chunks = (await open(bench)).body[Symbol.asyncIterator]();
    for (const text of ['data: 1\n\n', 'data: [DONE]\n\n']) {
      const next = chunks.next();
      await bench.clock.settle();
      speak(text);
      expect(String((await next).value)).toBe(text);
    }
  });

  it('charges an estimate: the prompt when it begins, the completion when it ends', async () => {
    const bench = createBench();
    const response = await open(bench);
    expect(response.headers).toMatchObject({ 'x-tokens-consumed': '10', 'x-ratelimit-remaining-tokens': '90' });
    const chunks: string[] = [];
    for await (const chunk of response.body) chunks.push(String(chunk));
    expect(chunks.length).toBeGreaterThan(4);
    expect(chunks.at(-1)).toBe('data: [DONE]\n\n');
    const next = await bench.chat('gpt-4.1', { prompt: 'p'.repeat(4) });
    expect(next.headers['x-quota-remaining-tokens']).toBe(String(250 - 10 - 17 - 1 - 8));
  });

  it('charges what was spoken when the caller leaves', async () => {
    const bench = createBench();
    for await (const chunk of (await open(bench)).body) if (String(chunk).includes('"finish_reason":null')) break;
    const next = await bench.chat('gpt-4.1', { prompt: 'p'.repeat(4) });
    expect(next.headers['x-quota-remaining-tokens']).toBe(String(250 - 10 - 1 - 8));
  });

  it('arrives whole when the policy buffers', async () => {
    const bench = createBench();
    const api = bench.world.apiList[0]!;
    api.policyXml = api.policyXml!.replace('buffer-response="false"', '');
    const chunks: string[] = [];
    for await (const chunk of (await open(bench)).body) chunks.push(String(chunk));
    expect(chunks).toHaveLength(1);
    expect(chunks[0]).toMatch(/^data: .*data: \[DONE\]\n\n$/s);
  });
});
