import { createBench, errorResponse } from './gateway.fixtures.js';

const KEY = 'all-apis-key';

function echoing(bench: ReturnType<typeof createBench>) {
  bench.world.answer = ({ body }) => ({
    status: 200,
    headers: { 'content-type': 'text/plain', 'x-backend': 'one', connection: 'close' },
    body: (async function* () {
      yield body ?? Buffer.from('no body');
    })(),
  });
  return bench;
}

describe('set-header and set-query-parameter', () => {
  it.each([
    ['override', 'new', 'old'],
    ['skip', 'old', 'old'],
    ['append', 'old, new', 'old'],
    ['delete', undefined, 'old'],
    ['override', 'new', undefined],
    ['skip', 'new', undefined],
    ['append', 'new', undefined],
    ['delete', undefined, undefined],
  ])('with exists-action %s leave %p where %p was', async (action, expected, known) => {
    const { call, world } = echoing(createBench());
    const value = action === 'delete' ? '' : '<value>new</value>';
    world.setPlainPolicy({
      inbound: `<set-header name="X-Test" exists-action="${action}">${value}</set-header>
        <set-query-parameter name="q" exists-action="${action}">${value}</set-query-parameter>`,
    });
    const headers: Record<string, string> = known ? { 'x-test': known } : {};
    await call('GET', `/plain/models${known ? `?q=${known}` : ''}`, { key: KEY, headers });
    expect(world.sent[0]?.headers['x-test']).toBe(expected);
    expect(new URL(world.sent[0]!.url).searchParams.getAll('q')).toEqual(expected?.split(', ') ?? []);
  });

  it('change the answer in outbound', async () => {
    const { call, world } = echoing(createBench());
    world.setPlainPolicy({
      outbound: `<set-header name="X-Backend" exists-action="append"><value>two</value><value>@("st" + context.Response.StatusCode)</value></set-header>
        <set-body>@("was " + context.Response.StatusCode)</set-body>`,
    });
    const answer = await call('GET', '/plain/models', { key: KEY });
    expect([answer.headers['x-backend'], answer.text]).toEqual(['one, two, st200', 'was 200']);
    expect(answer.headers).not.toHaveProperty('connection');
  });
});

describe('bodies and variables', () => {
  it('sends what set-body makes of the request', async () => {
    const { call, world } = echoing(createBench());
    world.setPlainPolicy({
      inbound: `<set-variable name="who" value="@(context.Request.Body.As<JObject>(preserveContent: true)["user"]["name"].ToString())" />
        <set-body>@{
          var body = context.Request.Body.As<JObject>();
          var user = body["user"];
          user["seen"] = true;
          body["list"][1] = 5;
          body["extra"] = context.Variables.GetValueOrDefault<string>("who") + "!";
          return body.ToString();
        }</set-body>`,
    });
    const answer = await call('POST', '/plain/chat/completions', {
      key: KEY,
      body: { user: { name: 'Ada' }, list: [1, 2] },
    });
    expect(JSON.parse(answer.text)).toEqual({ user: { name: 'Ada', seen: true }, list: [1, 5], extra: 'Ada!' });
  });

  it('forwards no body after an expression read it without preserving it', async () => {
    const { call, world } = echoing(createBench());
    world.setPlainPolicy({ inbound: '<set-variable name="text" value="@(context.Request.Body.As<string>())" />' });
    expect((await call('POST', '/plain/chat/completions', { key: KEY, body: 'text' })).text).toBe('no body');
  });

  it('reads a document in format xml as it reads rawxml', async () => {
    const { call, world } = echoing(createBench());
    world.setPlainPolicy({
      inbound: `<choose><when condition="@(context.Operation.Method == &quot;GET&quot; &amp;&amp; 1 &lt; 2)">
        <return-response><set-body><![CDATA[<escaped>]]> &amp; &#65;&#x42;</set-body></return-response></when></choose>`,
    });
    expect((await call('GET', '/plain/models', { key: KEY })).text).toBe('<escaped> & AB');
  });
});

describe('the order of scopes', () => {
  const trace = (name: string) =>
    `<set-variable name="trace" value="@(context.Variables.GetValueOrDefault<string>("trace", "") + "${name} ")" />`;

  it('nests global, product and API where base stands', async () => {
    const bench = echoing(createBench());
    const { call, world } = bench;
    const policy = (name: string) => `<policies>
      <inbound>${trace(`${name}-before`)}<base />${trace(`${name}-after`)}</inbound>
      <backend><base /></backend>
      <outbound>${name === 'api' ? '<base /><set-header name="x-trace"><value>@((string)context.Variables["trace"])</value></set-header>' : trace(`${name}-out`)}</outbound>
    </policies>`;
    world.globalPolicy = policy('global').replace('<base /></backend>', '<forward-request /></backend>');
    Object.assign(world.products['product-alpha']!, {
      policyXml: policy('product').replace(/<outbound>/, '<outbound><base />'),
    });
    Object.assign(world.apiList[0]!, { policyXml: policy('api'), serviceUrl: 'https://any.test' });
    const answer = await call('GET', '/openai/v1/models');
    expect(answer.headers['x-trace']?.trim().split(' ')).toEqual([
      'api-before',
      'product-before',
      'global-before',
      'global-after',
      'product-after',
      'api-after',
      'global-out',
      'product-out',
    ]);
  });

  it('skips the wider scopes without base', async () => {
    const { call, world } = echoing(createBench());
    world.globalPolicy = `<policies><inbound>${errorResponse(418, 'global')}</inbound></policies>`;
    world.setPlainPolicy({ inbound: '<return-response><set-status code="202" /></return-response>' });
    expect((await call('GET', '/plain/models', { key: KEY })).status).toBe(202);
  });

  it('answers an empty 200 when no policy forwards the call', async () => {
    const { call, world } = echoing(createBench());
    world.setPlainPolicy({ backend: '' });
    const answer = await call('GET', '/plain/models', { key: KEY });
    expect([answer.status, answer.text, world.sent.length]).toEqual([200, '', 0]);
  });

  it('follows a policy that is PUT between two calls', async () => {
    const { call, world } = echoing(createBench());
    for (const code of [201, 202]) {
      world.setPlainPolicy({ inbound: `<return-response><set-status code="${code}" /></return-response>` });
      expect((await call('GET', '/plain/models', { key: KEY })).status).toBe(code);
    }
  });
});

describe('on-error', () => {
  const FAILING = '<set-variable name="x" value="@((string)context.Variables["missing"])" />';

  it('answers 500 with an activity id by itself', async () => {
    const { call, world } = echoing(createBench());
    world.setPlainPolicy({ inbound: FAILING });
    const answer = await call('GET', '/plain/models', { key: KEY });
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({
      statusCode: 500,
      message: 'Internal server error',
      activityId: expect.stringMatching(/^[\da-f-]{36}$/),
    });
    expect(world.sent).toEqual([]);
  });

  it('knows source, reason, message, scope and section of the error', async () => {
    const { call, world } = echoing(createBench());
    world.setPlainPolicy({
      outbound: `<choose><when condition="true">${FAILING}</when></choose>`,
      'on-error': `<return-response><set-body>@(context.LastError.Source + "|" + context.LastError.Reason + "|" + context.LastError.Message + "|"
        + context.LastError.Scope + "|" + context.LastError.Section)</set-body></return-response>`,
    });
    expect((await call('GET', '/plain/models', { key: KEY })).text).toBe(
      'set-variable|ExpressionValueEvaluationFailure|Expression evaluation failed. ' +
        "The given key 'missing' was not present in the dictionary.|api|outbound",
    );
  });

  it('runs the wider scopes through base and keeps the status unless one of them answers', async () => {
    const { call, world } = echoing(createBench());
    const add = (name: string) =>
      `<set-header name="x-seen" exists-action="append"><value>${name}</value></set-header>`;
    world.globalPolicy = `<policies><backend><forward-request /></backend><on-error>${add('global')}</on-error></policies>`;
    world.setPlainPolicy({ inbound: FAILING, 'on-error': `${add('before')}<base />${add('after')}` });
    const answer = await call('GET', '/plain/models', { key: KEY });
    expect([answer.status, answer.headers['x-seen']]).toEqual([500, 'before, global, after']);
  });

  it('ends in the default answer when it fails itself', async () => {
    const { call, world } = echoing(createBench());
    world.setPlainPolicy({
      inbound: FAILING,
      'on-error': `<set-header name="x"><value>1</value></set-header>${FAILING}`,
    });
    const answer = await call('GET', '/plain/models', { key: KEY });
    expect([answer.status, answer.headers['x']]).toEqual([500, undefined]);
  });
});
