import { APIM, GROUP, refusal, SERVICE_ID, startTestAzure, type TestAzure } from './azure-fixture.js';

const POLICY = `<policies><inbound><base /><llm-token-limit counter-key="@(context.Subscription.Id + "-gpt-4.1")"
  tokens-per-minute="10000" estimate-prompt-tokens="true" /></inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>`;

function createProduct({ apim }: TestAzure, name = 'product-alpha') {
  const product = {
    displayName: 'AI Access',
    subscriptionRequired: true,
    approvalRequired: true,
    state: 'published' as const,
  };
  return apim.product.createOrUpdate(GROUP, APIM, name, product);
}

function createSubscription({ apim }: TestAzure, extra: object = {}, name = 'sub-alpha') {
  const subscription = { displayName: name, scope: '/products/product-alpha', ...extra };
  return apim.subscription.createOrUpdate(GROUP, APIM, name, subscription);
}

describe('the API Management service', () => {
  it('shows its state and the address of its gateway', async () => {
    const { apim, world } = await startTestAzure();
    const service = await apim.apiManagementService.get(GROUP, APIM);
    expect(service).toMatchObject({ provisioningState: 'Succeeded', gatewayUrl: world.gatewayUrl });
    expect(service.identity?.principalId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('refuses changes while it is activating, and takes them 80 seconds later', async () => {
    const azure = await startTestAzure({ apimActivating: true });
    expect((await azure.apim.apiManagementService.get(GROUP, APIM)).provisioningState).toBe('Activating');
    expect(await refusal(createProduct(azure))).toMatchObject({ statusCode: 422, code: 'ManagementApiRequestFailed' });
    await azure.clock.advance(85_000);
    expect((await azure.apim.apiManagementService.get(GROUP, APIM)).provisioningState).toBe('Succeeded');
    await createProduct(azure);
  });
});

describe('a product', () => {
  it('is created, changed under its entity tag, listed and deleted', async () => {
    const azure = await startTestAzure();
    const { apim } = azure;
    const created = await createProduct(azure);
    expect(created).toMatchObject({ id: `${SERVICE_ID}/products/product-alpha`, state: 'published' });
    const { eTag = '' } = await apim.product.getEntityTag(GROUP, APIM, 'product-alpha');
    await apim.product.update(GROUP, APIM, 'product-alpha', eTag, { description: 'changed' });
    const late = apim.product.update(GROUP, APIM, 'product-alpha', eTag, { description: 'again' });
    expect(await refusal(late)).toMatchObject({ statusCode: 412, code: 'PreconditionFailed' });
    const names: unknown[] = [];
    for await (const one of apim.product.listByService(GROUP, APIM)) names.push(one.name, one.description);
    expect(names).toEqual(['product-alpha', 'changed']);
    await apim.product.delete(GROUP, APIM, 'product-alpha', '*');
    expect(await refusal(apim.product.get(GROUP, APIM, 'product-alpha'))).toMatchObject({ code: 'ResourceNotFound' });
  });

  it('is refused with the property that Azure does not know', async () => {
    const { arm } = await startTestAzure();
    const body = { properties: { displayName: 'x', quota: 1 } };
    const response = await arm('PUT', `${SERVICE_ID}/products/p`, '2024-05-01', body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: {
        code: 'ValidationError',
        details: [{ target: 'properties', message: expect.stringContaining('quota') }],
      },
    });
  });

  it('wants If-Match for a deletion', async () => {
    const azure = await startTestAzure();
    await createProduct(azure);
    const response = await azure.arm('DELETE', `${SERVICE_ID}/products/product-alpha`, '2024-05-01');
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      400,
      'ValidationError',
    ]);
  });

  it('links APIs by statement: PUT, HEAD, list, DELETE', async () => {
    const azure = await startTestAzure();
    const { apim } = azure;
    await createProduct(azure);
    const check = () => apim.productApi.checkEntityExists(GROUP, APIM, 'product-alpha', 'openai-api');
    expect(await refusal(check())).toMatchObject({ statusCode: 404 });
    await apim.productApi.createOrUpdate(GROUP, APIM, 'product-alpha', 'openai-api');
    await check();
    const linked: unknown[] = [];
    for await (const one of apim.productApi.listByProduct(GROUP, APIM, 'product-alpha'))
      linked.push(one.name, one.path);
    expect(linked).toEqual(['openai-api', 'openai/v1']);
    const unknown = apim.productApi.createOrUpdate(GROUP, APIM, 'product-alpha', 'no-such-api');
    expect(await refusal(unknown)).toMatchObject({ statusCode: 404 });
    await apim.productApi.delete(GROUP, APIM, 'product-alpha', 'openai-api');
    expect(await refusal(check())).toMatchObject({ statusCode: 404 });
  });

  it('does not take apiLinks, as the field reports', async () => {
    const azure = await startTestAzure();
    await createProduct(azure);
    const link = { apiId: `${SERVICE_ID}/apis/openai-api` };
    const created = azure.apim.productApiLink.createOrUpdate(GROUP, APIM, 'product-alpha', 'link', link);
    expect(await refusal(created)).toMatchObject({ statusCode: 409 });
    expect(await refusal(azure.apim.productApiLink.get(GROUP, APIM, 'product-alpha', 'link'))).toMatchObject({
      statusCode: 405,
    });
  });

  it('is not deleted from under its subscriptions, unless that is asked for', async () => {
    const azure = await startTestAzure();
    await createProduct(azure);
    await createSubscription(azure);
    const { apim } = azure;
    expect(await refusal(apim.product.delete(GROUP, APIM, 'product-alpha', '*'))).toMatchObject({ statusCode: 400 });
    await apim.product.delete(GROUP, APIM, 'product-alpha', '*', { deleteSubscriptions: true });
    expect(await refusal(apim.subscription.get(GROUP, APIM, 'sub-alpha'))).toMatchObject({ statusCode: 404 });
  });
});

describe('a policy', () => {
  it('is kept as it was written', async () => {
    const azure = await startTestAzure();
    await createProduct(azure);
    const contract = { value: POLICY, format: 'rawxml' };
    await azure.apim.productPolicy.createOrUpdate(GROUP, APIM, 'product-alpha', 'policy', contract);
    expect(await azure.apim.productPolicy.get(GROUP, APIM, 'product-alpha', 'policy')).toMatchObject(contract);
  });

  it('is refused with the place of what the gateway would not run', async () => {
    const azure = await startTestAzure();
    await createProduct(azure);
    const contract = { value: '<policies><inbound><teleport /></inbound></policies>', format: 'rawxml' };
    const put = azure.apim.productPolicy.createOrUpdate(GROUP, APIM, 'product-alpha', 'policy', contract);
    const refused = await refusal(put);
    expect(refused).toMatchObject({ statusCode: 400, code: 'ValidationError' });
    expect(refused.message).toMatch(/teleport.*line 1/);
  });
});

describe('a subscription', () => {
  it('mints two keys that only listSecrets shows', async () => {
    const azure = await startTestAzure();
    await createProduct(azure);
    const created = await createSubscription(azure, { state: 'active' });
    expect(created).toMatchObject({ state: 'active', scope: `${SERVICE_ID}/products/product-alpha` });
    expect(JSON.stringify(created)).not.toContain('SIMULATED-KEY');
    const { primaryKey, secondaryKey } = await azure.apim.subscription.listSecrets(GROUP, APIM, 'sub-alpha');
    expect(primaryKey).toContain('SIMULATED-KEY');
    expect(secondaryKey).not.toBe(primaryKey);
  });

  it('is only submitted when the product wants approval and no state was given', async () => {
    const azure = await startTestAzure();
    await createProduct(azure);
    expect((await createSubscription(azure)).state).toBe('submitted');
  });

  it('takes a key that was chosen, unless another one has it', async () => {
    const azure = await startTestAzure();
    const { apim } = azure;
    await createProduct(azure);
    await createSubscription(azure, { state: 'active' });
    await apim.subscription.update(GROUP, APIM, 'sub-alpha', '*', { secondaryKey: 'SIMULATED-KEY-chosen' });
    expect((await apim.subscription.listSecrets(GROUP, APIM, 'sub-alpha')).secondaryKey).toBe('SIMULATED-KEY-chosen');
    const twin = createSubscription(azure, { primaryKey: 'SIMULATED-KEY-chosen' }, 'sub-beta');
    expect(await refusal(twin)).toMatchObject({ statusCode: 400, code: 'ValidationError' });
  });

  it('regenerates one key with 204 and leaves the other', async () => {
    const azure = await startTestAzure();
    const { apim } = azure;
    await createProduct(azure);
    await createSubscription(azure);
    const before = await apim.subscription.listSecrets(GROUP, APIM, 'sub-alpha');
    await apim.subscription.regeneratePrimaryKey(GROUP, APIM, 'sub-alpha');
    const after = await apim.subscription.listSecrets(GROUP, APIM, 'sub-alpha');
    expect(after.primaryKey).not.toBe(before.primaryKey);
    expect(after.secondaryKey).toBe(before.secondaryKey);
  });

  it('needs a product or an API that exists', async () => {
    const azure = await startTestAzure();
    expect(await refusal(createSubscription(azure))).toMatchObject({ statusCode: 400, code: 'ValidationError' });
  });
});

describe('a backend', () => {
  it('is written with its circuit breaker and read back', async () => {
    const { apim } = await startTestAzure();
    const rule = {
      name: 'breaker',
      failureCondition: { count: 3, interval: 'PT1M', statusCodeRanges: [{ min: 429, max: 429 }] },
      tripDuration: 'PT30S',
      acceptRetryAfter: true,
    };
    const backend = { url: 'http://mistral-7b.kaito.internal/v1', protocol: 'http', circuitBreaker: { rules: [rule] } };
    await apim.backend.createOrUpdate(GROUP, APIM, 'kaito-mistral-7b', backend);
    expect(await apim.backend.get(GROUP, APIM, 'kaito-mistral-7b')).toMatchObject(backend);
    await apim.backend.delete(GROUP, APIM, 'kaito-mistral-7b', '*');
    await apim.backend.delete(GROUP, APIM, 'kaito-mistral-7b', '*');
  });
});
