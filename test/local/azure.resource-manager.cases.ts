import { ApiManagementClient } from '@azure/arm-apimanagement';
import { DefaultAzureCredential } from '@azure/identity';
import { APIM, GROUP, refusal, SERVICE_ID, SUBSCRIPTION, startTestAzure, TEAMS } from './azure-fixture.js';

async function codeOf(response: Response): Promise<[number, string]> {
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code];
}

describe('Azure Resource Manager', () => {
  it('takes tokens of the managed identity, whichever credential asks for them', async () => {
    const { world } = await startTestAzure();
    const client = new ApiManagementClient(new DefaultAzureCredential(), SUBSCRIPTION, { endpoint: world.armUrl });
    expect((await client.apiManagementService.get(GROUP, APIM)).name).toBe(APIM);
  });

  it('refuses a request without a token, with a foreign one, or with one for another audience', async () => {
    const { arm, credential } = await startTestAzure();
    const { token } = await credential.getToken('https://vault.azure.net/.default');
    for (const authorization of ['', 'Bearer a.b.c', `Bearer ${token}`]) {
      const response = await arm('GET', SERVICE_ID, '2024-05-01', undefined, { authorization });
      expect(response.headers.get('www-authenticate')).toContain('invalid_token');
      expect(await codeOf(response)).toEqual([401, 'InvalidAuthenticationToken']);
    }
  });

  it('refuses a token once its day of world time is over', async () => {
    const { arm, clock, credential } = await startTestAzure();
    const { token } = await credential.getToken('https://management.azure.com/.default');
    await clock.advance(24 * 3_600_000);
    const response = await arm('GET', SERVICE_ID, '2024-05-01', undefined, { authorization: `Bearer ${token}` });
    expect(await codeOf(response)).toEqual([401, 'InvalidAuthenticationToken']);
  });

  it.each([
    ['an API version that does not exist', SERVICE_ID, '2019-01-01', [400, 'NoRegisteredProviderFound']],
    ['an API version that is none', SERVICE_ID, 'latest', [400, 'InvalidApiVersionParameter']],
    ['no API version', SERVICE_ID, '', [400, 'MissingApiVersionParameter']],
    ['a resource that is not there', `${SERVICE_ID}/products/none`, '2024-05-01', [404, 'ResourceNotFound']],
    [
      'a resource group that is not there',
      SERVICE_ID.replace(GROUP, 'rg-none'),
      '2024-05-01',
      [404, 'ResourceGroupNotFound'],
    ],
    [
      'another Azure subscription',
      SERVICE_ID.replace(SUBSCRIPTION, 'other'),
      '2024-05-01',
      [404, 'SubscriptionNotFound'],
    ],
    ['an unknown type', `${SERVICE_ID}/gadgets/x`, '2024-05-01', [404, 'InvalidResourceType']],
  ])('says what is wrong with %s', async (_what, path, apiVersion, expected) => {
    const { arm } = await startTestAzure();
    expect(await codeOf(await arm('GET', path, apiVersion))).toEqual(expected);
  });

  it('does not care for letter case and double slashes, and shows ids as they were made', async () => {
    const { arm } = await startTestAzure();
    const path = `/${SERVICE_ID}/products/P1`
      .replace('resourceGroups', 'resourcegroups')
      .replace('/service/', '/SERVICE/');
    await arm('PUT', path, '2024-05-01', { properties: { displayName: 'x' } });
    const found = await arm('GET', `${SERVICE_ID}/products/p1`, '2024-05-01');
    expect(await found.json()).toMatchObject({ id: `${SERVICE_ID}/products/P1`, name: 'P1' });
  });

  it('lists resource groups and pages long lists', async () => {
    const { apim, arm } = await startTestAzure();
    const groups = (await (await arm('GET', `/subscriptions/${SUBSCRIPTION}/resourceGroups`, '2025-04-01')).json()) as {
      value: { name: string }[];
    };
    expect(groups.value.map(({ name }) => name)).toEqual([GROUP, TEAMS]);
    for (let index = 0; index < 55; index++) {
      await apim.product.createOrUpdate(GROUP, APIM, `p-${index}`, { displayName: 'x' });
    }
    let count = 0;
    let pages = 0;
    for await (const page of apim.product.listByService(GROUP, APIM).byPage()) {
      pages++;
      count += page.length;
    }
    expect([count, pages]).toEqual([55, 2]);
  });

  it('throttles writes when the bucket is empty, and takes them again in world time', async () => {
    const { arm, clock } = await startTestAzure();
    const send = () => arm('DELETE', `${SERVICE_ID}/products/none`, '2024-05-01', undefined, { 'if-match': '*' });
    let response = await send();
    expect(response.headers.get('x-ms-ratelimit-remaining-subscription-deletes')).toBe('199');
    expect(response.headers.get('x-ms-ratelimit-remaining-subscription-global-deletes')).toBe('2999');
    for (let sent = 1; sent <= 200; sent++) response = await send();
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await codeOf(response)).toEqual([429, 'SubscriptionRequestsThrottled']);
    await clock.advance(1_000);
    expect((await send()).status).toBe(204);
  });

  it('throttles each principal for itself', async () => {
    const { arm, world } = await startTestAzure();
    const tokenOf = async (objectId: string) => {
      const body = JSON.stringify({ objectId, resource: 'https://management.azure.com' });
      const answer = await fetch(`${world.controlUrl}/tokens`, { method: 'POST', body });
      return ((await answer.json()) as { access_token: string }).access_token;
    };
    const authorization = `Bearer ${await tokenOf('11111111-2222-3333-4444-555555555555')}`;
    for (let sent = 0; sent < 200; sent++) await arm('DELETE', `${SERVICE_ID}/products/none`, '2024-05-01');
    const other = await arm('DELETE', `${SERVICE_ID}/products/none`, '2024-05-01', undefined, { authorization });
    // Not allowed to, which is another thing than throttled.
    expect(other.status).toBe(403);
  });

  it('names every request in its answer', async () => {
    const { arm } = await startTestAzure();
    const response = await arm('GET', SERVICE_ID, '2024-05-01', undefined, { 'x-ms-correlation-request-id': 'c-1' });
    expect(response.headers.get('x-ms-correlation-request-id')).toBe('c-1');
    expect(response.headers.get('x-ms-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('gives nobody but the control plane more than their roles', async () => {
    const { arm, world } = await startTestAzure();
    const objectId = '11111111-2222-3333-4444-555555555555';
    const answer = await fetch(`${world.controlUrl}/tokens`, {
      method: 'POST',
      body: JSON.stringify({ objectId, resource: 'https://management.azure.com' }),
    });
    const { access_token } = (await answer.json()) as { access_token: string };
    const response = await arm('GET', SERVICE_ID, '2024-05-01', undefined, { authorization: `Bearer ${access_token}` });
    expect(await codeOf(response)).toEqual([403, 'AuthorizationFailed']);
  });
});

describe('the identity endpoint', () => {
  it('knows the resources of a directory only', async () => {
    const { credential } = await startTestAzure();
    const unknown = await refusal(credential.getToken('https://unknown.example.org/.default'));
    expect(unknown.message).toContain('unknown.example.org');
  });
});
