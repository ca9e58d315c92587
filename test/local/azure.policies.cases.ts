import { APIM, createProduct, GROUP, refusal, startTestAzure } from './azure-fixture.js';

const POLICY = `<policies><inbound><base /><llm-token-limit counter-key="@(context.Subscription.Id + "-gpt-4.1")"
  tokens-per-minute="10000" estimate-prompt-tokens="true" /></inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>`;

describe('a policy', () => {
  it('is kept as it was written', async () => {
    const azure = await startTestAzure();
    await createProduct(azure);
    const contract = { value: POLICY, format: 'rawxml' };
    await azure.apim.productPolicy.createOrUpdate(GROUP, APIM, 'product-alpha', 'policy', contract);
    expect(await azure.apim.productPolicy.get(GROUP, APIM, 'product-alpha', 'policy')).toMatchObject(contract);
  });

  it('may stand at one operation, and the gateway obeys it there', async () => {
    const { apim, world } = await startTestAzure();
    const value =
      '<policies><inbound><return-response><set-body>mine</set-body></return-response></inbound></policies>';
    const policy = { value, format: 'rawxml' };
    await apim.apiOperationPolicy.createOrUpdate(GROUP, APIM, 'openai-api', 'chat-completions', 'policy', policy);
    await apim.subscription.createOrUpdate(GROUP, APIM, 'all', { displayName: 'all', scope: '/apis', state: 'active' });
    const { primaryKey = '' } = await apim.subscription.listSecrets(GROUP, APIM, 'all');
    const call = async (api: string) => {
      const url = `${world.gatewayUrl}/${api}/v1/chat/completions`;
      return (await fetch(url, { method: 'POST', headers: { 'api-key': primaryKey } })).text();
    };
    expect([await call('openai'), await call('kaito')]).toEqual(['mine', expect.not.stringContaining('mine')]);
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
