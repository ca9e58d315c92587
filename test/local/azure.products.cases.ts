import {
  APIM,
  createProduct,
  createSubscription,
  GROUP,
  refusal,
  SERVICE_ID,
  startTestAzure,
} from './azure-fixture.js';

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
