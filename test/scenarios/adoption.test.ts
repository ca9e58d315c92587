import { ApiManagementClient } from '@azure/arm-apimanagement';
import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import { interfere } from '../support/activity-hooks.js';
import { request } from '../support/builders.js';
import { type Hai, startHai } from '../support/hai.js';

const interference = interfere();
const GROUP = 'rg-hai-demo';
const SERVICE = 'apim-hai-demo';

describe('a team whose resources are partly there already', () => {
  let hai: Hai;
  let apim: ApiManagementClient;
  let vault: SecretClient;
  beforeAll(async () => {
    hai = await startHai();
    const { armUrl, vaultUrl } = hai.world.azure;
    const credential = new DefaultAzureCredential();
    const arm = { endpoint: armUrl, credentials: { scopes: [`${armUrl}/.default`] }, retryOptions: { maxRetries: 0 } };
    apim = new ApiManagementClient(credential, '00000000-0000-0000-0000-000000000000', arm);
    vault = new SecretClient(vaultUrl, credential, { disableChallengeResourceVerification: true });

    // A product with live subscribers, made by hand before hai came.
    const product = {
      displayName: 'Made by hand',
      description: 'live',
      state: 'notPublished' as const,
      subscriptionRequired: true,
    };
    await apim.product.createOrUpdate(GROUP, SERVICE, 'product-legacy', product);
    await apim.productApi.createOrUpdate(GROUP, SERVICE, 'product-legacy', 'openai-api');
    const policy = {
      format: 'rawxml',
      value:
        '<policies><inbound><base /></inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>',
    };
    await apim.productPolicy.createOrUpdate(GROUP, SERVICE, 'product-legacy', 'policy', policy);
    await apim.subscription.createOrUpdate(GROUP, SERVICE, 'sub-other', {
      displayName: 'somebody',
      scope: '/products/product-legacy',
      state: 'active',
    });
    await vault.setSecret('apim-key-legacy', 'a value from before');
    await hai.clock.settle();
  });
  afterAll(() => hai.close());

  const look = async () => ({
    product: await apim.product
      .get(GROUP, SERVICE, 'product-legacy')
      .then(({ displayName, description, state }) => ({ displayName, description, state })),
    policy: (await apim.productPolicy.get(GROUP, SERVICE, 'product-legacy', 'policy', { format: 'rawxml' })).value,
    subscription: (await apim.subscription.get(GROUP, SERVICE, 'sub-other')).state,
    secret: (await vault.getSecret('apim-key-legacy')).value,
    left: hai.left(),
  });

  it('gets everything back as it was when the last step fails', async () => {
    const before = await look();
    interference.refuse = { activity: 'ensure-proof', stepId: 'proof' };
    const { body } = await hai.request(request('team-legacy'));
    const operation = await hai.finish(body.id);
    interference.refuse = undefined;
    expect(operation.phase).toBe('failed');
    const taken = interference.ran.map(({ activity }) => activity);
    expect(taken).toEqual(
      expect.arrayContaining(['ensure-product', 'undo-product', 'ensure-team-key', 'undo-team-key']),
    );
    expect(await look()).toEqual(before);
  });

  it('is given access around them when nothing fails', async () => {
    const { body } = await hai.request(request('team-legacy'));
    expect(await hai.finish(body.id)).toMatchObject({ status: 'Succeeded' });
    expect(await look()).toMatchObject({
      product: { displayName: 'AI Access - Team Legacy', state: 'published' },
      subscription: 'active',
    });
  });

  it('is refused a Foundry account that belongs to somebody else, and that account stays', async () => {
    const token = (await new DefaultAzureCredential().getToken(`${hai.world.azure.armUrl}/.default`)).token;
    const account =
      '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-hai-demo-teams/providers/Microsoft.CognitiveServices/accounts/foundry-foreign';
    const put = await fetch(`${hai.world.azure.armUrl}${account}?api-version=2025-12-01`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        location: 'swedencentral',
        kind: 'AIServices',
        sku: { name: 'S0' },
        identity: { type: 'SystemAssigned' },
        properties: { customSubDomainName: 'foundry-foreign-1', allowProjectManagement: true },
      }),
    });
    expect(put.status).toBeLessThan(300);
    await hai.clock.advance(60_000);
    const { body } = await hai.request(request('team-foreign'));
    const operation = await hai.finish(body.id);
    expect(operation).toMatchObject({ phase: 'failed', error: { code: 'name-taken' } });
    expect(hai.left().some((id) => id.endsWith('/accounts/foundry-foreign'))).toBe(true);
  });
});
