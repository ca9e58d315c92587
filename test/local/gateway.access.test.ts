import { createBench, readAnswer } from './gateway.fixtures.js';

describe('the gateway, called by a team', () => {
  it('passes an allowed model on with its own identity and without the key', async () => {
    const { chat, world } = createBench();
    const answer = await chat('gpt-4.1', { prompt: 'who is there?' });
    expect(answer.status).toBe(200);
    expect(answer.json.model).toBe('gpt-4.1-2025-04-14');
    expect(answer.json.choices?.[0]?.message.content).toContain('who is there?');
    const [sent] = world.sent;
    expect(sent?.url).toBe('https://foundry-hub.test/openai/v1/chat/completions');
    expect(sent?.headers['authorization']).toBe('Bearer token-for-cognitiveservices.azure.com');
    expect(JSON.stringify(sent?.headers)).not.toContain('team-key');
  });

  it('takes the key from the query when the header is absent, and removes it there as well', async () => {
    const { call, world } = createBench();
    const body = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'hi' }] };
    const answer = await call('POST', '/openai/v1/chat/completions?api-key=team-key&trace=1', { key: '', body });
    expect(answer.status).toBe(200);
    expect(world.sent[0]?.url).toBe('https://foundry-hub.test/openai/v1/chat/completions?trace=1');
  });

  it('chooses the backend by expression, rewrites the model and drops the authorization for a KAITO model', async () => {
    const { chat, world } = createBench();
    const answer = await chat('mistral-7b', { api: 'kaito/v1', headers: { Authorization: 'Bearer mine' } });
    expect(answer.status).toBe(200);
    expect(answer.json.model).toBe('mistral-7b-instruct');
    const [sent] = world.sent;
    expect(sent?.url).toBe('http://mistral-7b.kaito.internal/v1/chat/completions');
    expect(sent?.headers).not.toHaveProperty('authorization');
    expect(JSON.parse(String(sent?.body))).toEqual({
      model: 'mistral-7b-instruct',
      messages: [{ role: 'user', content: 'hello' }],
    });
  });

  it('lists the models of each API by the policy alone', async () => {
    const { call, world } = createBench();
    const names = async (path: string) => (await call('GET', path)).json.data?.map(({ id }) => id);
    expect(await names('/openai/v1/models')).toEqual(['gpt-4.1', 'gpt-5.2']);
    expect(await names('/kaito/v1/models')).toEqual(['mistral-7b']);
    expect(world.sent).toEqual([]);
  });

  it.each([
    ['another model', 'gpt-secret', 403, 'model_not_allowed'],
    ['a model of the other API', 'mistral-7b', 403, 'model_not_allowed'],
    ['no model', undefined, 400, 'model_missing'],
    ['a model that is null', null, 400, 'model_missing'],
    ['a model that is an object', {}, 400, 'body_invalid'],
  ])('refuses %s', async (_case, model, status, code) => {
    const { call, world } = createBench();
    const answer = await call('POST', '/openai/v1/chat/completions', { body: { model, messages: [] } });
    expect([answer.status, answer.json.error?.code]).toEqual([status, code]);
    expect(world.sent).toEqual([]);
  });

  it.each(['{"model": "gpt-4.1"', '["gpt-4.1"]', 'text', ''])(
    'answers 400 body_invalid for the body %j',
    async (body) => {
      const answer = await createBench().call('POST', '/openai/v1/chat/completions', { body });
      expect([answer.status, answer.json.error?.code]).toEqual([400, 'body_invalid']);
    },
  );

  it('refuses an operation that the limits cannot meter', async () => {
    const answer = await createBench().call('POST', '/openai/v1/embeddings', {
      body: { model: 'gpt-4.1', input: 'x' },
    });
    expect([answer.status, answer.json.error?.code]).toEqual([403, 'operation_not_offered']);
  });

  it('fails closed for a subscription of all APIs, which brings no product policy', async () => {
    const { chat, world } = createBench();
    for (const path of ['openai/v1', 'kaito/v1']) {
      const answer = await chat('gpt-4.1', { api: path, key: 'all-apis-key' });
      expect([answer.status, answer.json.error?.code]).toEqual([403, 'product_required']);
    }
    expect(world.sent).toEqual([]);
  });
});

describe('the built-in steps of the gateway', () => {
  it.each([
    ['an unknown path', 'GET', '/nowhere'],
    ['a path that only begins like an API', 'GET', '/openai/v12/models'],
    ['another method', 'DELETE', '/openai/v1/models'],
    ['an unknown operation', 'GET', '/openai/v1/files'],
  ])('answers 404 for %s, also without a key', async (_case, method, path) => {
    const answer = await createBench().call(method, path, { key: '' });
    expect([answer.status, answer.text]).toEqual([404, '{ "statusCode": 404, "message": "Resource not found" }']);
  });

  it('answers 401 with a challenge when the key is missing', async () => {
    const answer = await createBench().call('GET', '/openai/v1/models', { key: '' });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe(
      'AzureApiManagementKey realm="https://apim.test/openai/v1",name="api-key",type="header"',
    );
    expect(answer.json.message).toMatch(/^Access denied due to missing subscription key\./);
  });

  it.each([
    ['an unknown key', { key: 'wrong' }, {}],
    ['a wrong key in the header, whatever the query holds', { key: 'wrong', query: '?api-key=team-key' }, {}],
    ['a suspended subscription', {}, { state: 'suspended' }],
    ['a product that is not published', {}, { productState: 'notPublished' }],
    ['a product without this API', {}, { apiIds: ['kaito-api'] }],
    ['a product that is gone', {}, { productId: 'product-gone' }],
    ['a subscription of another API', { key: 'one-api-key' }, {}],
  ])('answers 401 for %s', async (_case, call: { key?: string; query?: string }, change: Record<string, unknown>) => {
    const { call: send, world } = createBench();
    const { productState, apiIds, ...subscription } = change;
    Object.assign(world.subscriptions['team-key']!, subscription);
    Object.assign(world.products['product-alpha']!, productState && { state: productState }, apiIds && { apiIds });
    const answer = await send('GET', `/openai/v1/models${call.query ?? ''}`, { key: call.key });
    expect(answer.status).toBe(401);
    expect(answer.json.message).toMatch(/^Access denied due to invalid subscription key\./);
  });

  it('prefers the API with the longest path and understands path parameters', async () => {
    const { call, world } = createBench();
    const plain = world.apiList[2]!;
    plain.operations = [{ id: 'item', method: 'GET', urlTemplate: '/items/{id}' }];
    world.apiList.push({
      ...plain,
      id: 'nested-api',
      path: 'plain/items/deep',
      operations: [{ id: 'all', method: 'GET', urlTemplate: '/*' }],
    });
    world.answer = () => ({ status: 204, headers: {}, body: (async function* () {})() });
    const key = 'all-apis-key';
    expect((await call('GET', '/plain/items/7', { key })).status).toBe(204);
    expect((await call('GET', '/plain/items/7/more', { key })).status).toBe(404);
    expect((await call('GET', '/plain/items/deep/a/b', { key })).status).toBe(204);
    expect(world.sent.map(({ url }) => url)).toEqual([
      'https://plain.test/base/items/7',
      'https://plain.test/base/a/b',
    ]);
  });

  it('runs the on-error of the scopes that are known when it refuses', async () => {
    const { call, world } = createBench();
    const report = '@(context.LastError.Source + "/" + context.LastError.Reason + "/" + context.Response.StatusCode)';
    world.globalPolicy = `<policies><on-error><set-header name="x-error"><value>${report}</value></set-header></on-error></policies>`;
    const missing = await call('GET', '/openai/v1/models', { key: '' });
    expect([missing.status, missing.headers['x-error']]).toEqual([401, 'authorization/SubscriptionKeyNotFound/401']);
    const unknown = await call('GET', '/nowhere');
    expect([unknown.status, unknown.headers['x-error']]).toEqual([404, 'configuration/OperationNotFound/404']);
  });

  it('answers a request that carries no optional field', async () => {
    const { gateway } = createBench();
    const response = await gateway.handle({
      method: 'get',
      path: '/kaito/v1/models',
      headers: { 'Api-Key': 'team-key' },
    });
    expect((await readAnswer(response)).json.data).toEqual([{ id: 'mistral-7b', object: 'model' }]);
  });
});
