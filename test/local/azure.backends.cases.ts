import { APIM, GROUP, refusal, SERVICE_ID, startTestAzure, type TestAzure } from './azure-fixture.js';

const POLICY = `<policies><inbound><set-backend-service backend-id="pool" />
  <authentication-managed-identity resource="https://cognitiveservices.azure.com" /></inbound></policies>`;

function putPool({ apim }: TestAzure, ids: string[]) {
  const services = ids.map((id) => ({ id: `${SERVICE_ID}/backends/${id}`, priority: 1 }));
  return apim.backend.createOrUpdate(GROUP, APIM, 'pool', { typePropertiesType: 'Pool', pool: { services } });
}

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

describe('a backend pool', () => {
  it('has single backends, and policies choose it like one', async () => {
    const azure = await startTestAzure();
    const { apim, world } = azure;
    expect(await refusal(putPool(azure, ['none']))).toMatchObject({ statusCode: 400, code: 'ValidationError' });
    await putPool(azure, ['foundry-backend']);
    expect(await refusal(putPool(azure, ['pool']))).toMatchObject({ statusCode: 400 });
    await apim.apiPolicy.createOrUpdate(GROUP, APIM, 'openai-api', 'policy', { value: POLICY, format: 'rawxml' });
    await apim.subscription.createOrUpdate(GROUP, APIM, 'all', { displayName: 'all', scope: '/apis', state: 'active' });
    const { primaryKey = '' } = await apim.subscription.listSecrets(GROUP, APIM, 'all');
    const response = await fetch(`${world.gatewayUrl}/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { 'api-key': primaryKey, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'hi' }] }),
    });
    // The key goes on to Foundry, which refuses it: the pool's member was called.
    expect([response.status, await response.text()]).toEqual([
      403,
      expect.stringContaining('AuthenticationTypeDisabled'),
    ]);
  });
});
