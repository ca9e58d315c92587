import {
  APIM,
  createProduct,
  createSubscription,
  GROUP,
  refusal,
  SERVICE_ID,
  startTestAzure,
} from './azure-fixture.js';

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
