import { ApiManagementClient } from '@azure/arm-apimanagement';
import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import { model, request } from '../../support/builders.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';

const GROUP = 'rg-hai-demo';
const SERVICE = 'apim-hai-demo';

/** What is there and not made by hai for this subject is never touched: findings O1 to O3. */
export const nameTaken = (shared: SharedHai): void =>
  describe('a team whose names are taken already', () => {
    let hai: Hai;
    let apim: ApiManagementClient;
    let vault: SecretClient;
    beforeAll(async () => {
      hai = await shared();
      const { armUrl, vaultUrl } = hai.world.azure;
      const credential = new DefaultAzureCredential();
      const arm = {
        endpoint: armUrl,
        credentials: { scopes: [`${armUrl}/.default`] },
        retryOptions: { maxRetries: 0 },
      };
      apim = new ApiManagementClient(credential, '00000000-0000-0000-0000-000000000000', arm);
      vault = new SecretClient(vaultUrl, credential, { disableChallengeResourceVerification: true });
      // Made by hand before hai came: a product with a live subscriber, a subscription, and a secret.
      const product = {
        displayName: 'Made by hand',
        description: 'live',
        state: 'notPublished' as const,
        subscriptionRequired: true,
      };
      await apim.product.createOrUpdate(GROUP, SERVICE, 'product-finance', product);
      await apim.subscription.createOrUpdate(GROUP, SERVICE, 'sub-finance', {
        displayName: 'production',
        scope: '/products/product-finance',
        state: 'active',
      });
      await vault.setSecret('apim-key-finance', 'a value from before');
      await hai.clock.settle();
    });

    it('is refused before the first write, with the whole list of what is there', async () => {
      const writes = hai.recorded.length;
      const { body } = await hai.request(request('team-finance'));
      const operation = await hai.finish(body.id);
      expect(operation).toMatchObject({ status: 'Failed', phase: 'failed', error: { code: 'name-taken' } });
      for (const name of ['products/product-finance', 'subscriptions/sub-finance', 'secrets/apim-key-finance'])
        expect(operation.error?.detail).toContain(name);
      expect(hai.recorded.slice(writes)).toEqual([]);
      expect(await hai.team('team-finance')).toMatchObject({ phase: 'Failed' });
    });

    it('finds everything as it was', async () => {
      const product = await apim.product.get(GROUP, SERVICE, 'product-finance');
      expect(product).toMatchObject({ displayName: 'Made by hand', description: 'live', state: 'notPublished' });
      expect(await apim.subscription.get(GROUP, SERVICE, 'sub-finance')).toMatchObject({ state: 'active' });
      expect((await vault.getSecret('apim-key-finance')).value).toBe('a value from before');
    });

    it('is not given the key of a subscription that another team’s request made', async () => {
      const first = await hai.request(request('team-own'));
      expect(await hai.finish(first.body.id)).toMatchObject({ status: 'Succeeded' });
      const product = await apim.product.get(GROUP, SERVICE, 'product-own');
      expect(product.description).toContain('Kept by hai for team-own.');
    });

    it('never purges or recovers a deleted account or secret of somebody else', async () => {
      await vault.setSecret('apim-key-gone', 'somebody else’s');
      const deletion = await vault.beginDeleteSecret('apim-key-gone');
      await hai.clock.advance(10_000);
      expect(deletion.getResult()?.name).toBe('apim-key-gone');
      const { body } = await hai.request(request('team-gone'));
      expect(await hai.finish(body.id)).toMatchObject({ phase: 'failed', error: { code: 'name-taken' } });
      expect((await vault.getDeletedSecret('apim-key-gone')).name).toBe('apim-key-gone');
    });

    it('leaves a foreign object in the cluster alone, and buys no GPU', async () => {
      // The Service of the model's name belongs to somebody else.
      const token = (await new DefaultAzureCredential().getToken('6dae42f8-4368-4678-94ff-3960e28e3630/.default'))
        .token;
      const services = `${hai.world.azure.kubernetesUrl}/api/v1/namespaces/kaito-models/services`;
      const manifest = {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'phi-4' },
        spec: { ports: [{ port: 80 }] },
      };
      const made = await fetch(services, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(manifest),
      });
      expect(made.status).toBe(201);
      const { body } = await hai.request(request('team-model', { models: { kaito: { models: [model('phi-4')] } } }));
      const operation = await hai.finish(body.id);
      expect(operation).toMatchObject({ phase: 'failed', error: { code: 'model-deployment-failed' } });
      expect(hai.recorded.filter(({ path }) => path.endsWith('/workspaces'))).toEqual([]);
      expect(
        await (await fetch(`${services}/phi-4`, { headers: { authorization: `Bearer ${token}` } })).json(),
      ).toMatchObject({
        metadata: { name: 'phi-4' },
      });
    });
  });
