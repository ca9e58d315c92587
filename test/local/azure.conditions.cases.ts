/** Which conditional headers each service documents, and that all others are ignored: a product that counts on more finds out here. */
import {
  APIM,
  CENTRAL,
  CENTRAL_ID,
  createProduct,
  createSubscription,
  GROUP,
  MEMBER,
  refusal,
  SERVICE_ID,
  SUBSCRIPTION,
  startTestAzure,
  type TestAzure,
  VAULT_ID,
} from './azure-fixture.js';

const STALE = '"0000000000000000"';

const precondition = { statusCode: 412, code: 'PreconditionFailed' };

/** Headers for services whose SDK has no options for them. */
const forced = { requestOptions: { customHeaders: { 'If-Match': STALE, 'If-None-Match': '*' } } };

describe('a record of a private DNS zone', () => {
  const ZONE = 'kaito.internal';

  function write({ dns }: TestAzure, ip: string, options = {}) {
    return dns.recordSets.createOrUpdate(
      GROUP,
      ZONE,
      'A',
      'phi',
      { ttl: 60, aRecords: [{ ipv4Address: ip }] },
      options,
    );
  }

  it('is created with If-None-Match *, once; another tag there means nothing', async () => {
    const azure = await startTestAzure();
    await write(azure, '10.0.0.1', { ifNoneMatch: '*' });
    expect(await refusal(write(azure, '10.0.0.2', { ifNoneMatch: '*' }))).toMatchObject(precondition);
    const { etag } = await azure.dns.recordSets.get(GROUP, ZONE, 'A', 'phi');
    expect((await write(azure, '10.0.0.3', { ifNoneMatch: etag })).aRecords).toEqual([{ ipv4Address: '10.0.0.3' }]);
  });

  it('is changed and deleted in the version that was read, or in any with *', async () => {
    const azure = await startTestAzure();
    const { dns } = azure;
    const first = await write(azure, '10.0.0.1');
    await write(azure, '10.0.0.2', { ifMatch: first.etag });
    expect(await refusal(write(azure, '10.0.0.3', { ifMatch: first.etag }))).toMatchObject(precondition);
    const patched = dns.recordSets.update(GROUP, ZONE, 'A', 'phi', { ttl: 5 }, { ifMatch: first.etag });
    expect(await refusal(patched)).toMatchObject(precondition);
    const deleted = dns.recordSets.delete(GROUP, ZONE, 'A', 'phi', { ifMatch: first.etag });
    expect(await refusal(deleted)).toMatchObject(precondition);
    await write(azure, '10.0.0.4', { ifMatch: '*' });
    await dns.recordSets.delete(GROUP, ZONE, 'A', 'phi', { ifMatch: '*' });
  });

  it('is not created by a write that names a version, nor by *', async () => {
    const azure = await startTestAzure();
    for (const ifMatch of [STALE, '*'])
      expect(await refusal(write(azure, '10.0.0.1', { ifMatch }))).toMatchObject(precondition);
  });
});

describe('an entity of API Management', () => {
  const tagOf = async ({ apim }: TestAzure) =>
    (await apim.product.getEntityTag(GROUP, APIM, 'product-alpha')).eTag ?? '';
  const replace = ({ apim }: TestAzure, options = {}, displayName = 'Other') =>
    apim.product.createOrUpdate(GROUP, APIM, 'product-alpha', { displayName }, options);

  it('is compared with If-Match wherever that is sent: PUT, PATCH and DELETE', async () => {
    const azure = await startTestAzure();
    await createProduct(azure);
    const first = await tagOf(azure);
    await replace(azure, { ifMatch: first });
    const { product } = azure.apim;
    expect(await refusal(replace(azure, { ifMatch: first }))).toMatchObject(precondition);
    const patch = (tag: string) => product.update(GROUP, APIM, 'product-alpha', tag, { description: 'x' });
    expect(await refusal(patch(first))).toMatchObject(precondition);
    expect(await refusal(product.delete(GROUP, APIM, 'product-alpha', first))).toMatchObject(precondition);
    await patch(await tagOf(azure));
    await patch('*');
    await replace(azure, { ifMatch: '*' });
    await product.delete(GROUP, APIM, 'product-alpha', await tagOf(azure));
  });

  it('moves its tag with every write, also one that changes nothing', async () => {
    const azure = await startTestAzure();
    await createProduct(azure);
    await createSubscription(azure);
    const { subscription } = azure.apim;
    const tags: unknown[] = [];
    for (let time = 0; time < 3; time++) {
      await subscription.update(GROUP, APIM, 'sub-alpha', '*', { state: 'active' });
      tags.push((await subscription.getEntityTag(GROUP, APIM, 'sub-alpha')).eTag);
    }
    expect(new Set(tags).size).toBe(3);
  });

  it.each(['PATCH', 'DELETE'])('is not changed by a %s without If-Match', async (method) => {
    const azure = await startTestAzure();
    await createProduct(azure);
    const id = `${SERVICE_ID}/products/product-alpha`;
    const body = method === 'PATCH' ? { properties: { description: 'x' } } : undefined;
    const answer = await azure.arm(method, id, '2024-05-01', body);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'ValidationError' } }]);
    const absent = await azure.arm('DELETE', `${SERVICE_ID}/products/none`, '2024-05-01', undefined, {
      'if-match': '*',
    });
    expect(absent.status).toBe(204);
  });

  it('has no conditional creation: a PUT takes over what is there, and any If-Match creates what is not', async () => {
    const azure = await startTestAzure();
    await replace(azure, { ifMatch: STALE }, 'Created');
    await replace(azure, {}, 'Taken over');
    await replace(azure, { requestOptions: { customHeaders: { 'If-None-Match': '*' } } });
    expect((await azure.apim.product.get(GROUP, APIM, 'product-alpha')).displayName).toBe('Other');
    const policy = {
      format: 'rawxml',
      value:
        '<policies><inbound><base /></inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>',
    } as const;
    // As Azure PowerShell writes policies, whether there is one or not.
    for (let time = 0; time < 2; time++) {
      await azure.apim.productPolicy.createOrUpdate(GROUP, APIM, 'product-alpha', 'policy', policy, { ifMatch: '*' });
    }
  });

  it('is linked to its product without any condition', async () => {
    const azure = await startTestAzure();
    await createProduct(azure);
    const { productApi } = azure.apim;
    for (let time = 0; time < 2; time++)
      await productApi.createOrUpdate(GROUP, APIM, 'product-alpha', 'openai-api', forced);
    await productApi.delete(GROUP, APIM, 'product-alpha', 'openai-api', forced);
  });
});

describe('a cluster and its agent pools', () => {
  it('compare both headers', async () => {
    const azure = await startTestAzure();
    const { agentPools } = azure.aks;
    const pool = { count: 1, vmSize: 'Standard_D4ds_v5', mode: 'User' as const };
    const write = (options: object) => agentPools.createOrUpdate(GROUP, 'aks-hai', 'np', pool, options).submitted();
    expect(await refusal(write({ ifMatch: '*' }))).toMatchObject(precondition);
    await write({ ifNoneMatch: '*' });
    await azure.clock.advance(400_000);
    expect(await refusal(write({ ifNoneMatch: '*' }))).toMatchObject(precondition);
    expect(await refusal(write({ ifMatch: STALE }))).toMatchObject(precondition);
    const deleted = agentPools.delete(GROUP, 'aks-hai', 'np', { ifMatch: STALE }).submitted();
    expect(await refusal(deleted)).toMatchObject(precondition);
  });
});

describe('a service that documents no conditions ignores them', () => {
  it('Cognitive Services', async () => {
    const azure = await startTestAzure({ latencies: { foundryDeployment: 1, foundryDelete: 1 } });
    const { accountConnections, deployments } = azure.foundry;
    const connection = { properties: { category: 'CustomKeys', authType: 'None', target: 'https://x' } } as const;
    for (let time = 0; time < 2; time++)
      await accountConnections.create(GROUP, CENTRAL, 'one', { connection, ...forced });
    await accountConnections.delete(GROUP, CENTRAL, 'one', forced);
    const model = { format: 'OpenAI', name: 'gpt-4o', version: '1' };
    const deployment = { sku: { name: 'Standard', capacity: 1 }, properties: { model } };
    for (let time = 0; time < 2; time++) {
      await deployments.beginCreateOrUpdate(GROUP, CENTRAL, 'small', deployment, forced);
      await azure.clock.advance(1_000);
    }
    await deployments.beginDelete(GROUP, CENTRAL, 'small', forced);
    expect((await azure.foundry.accounts.get(GROUP, CENTRAL)).etag).toBeDefined();
  });

  it('role assignments', async () => {
    const azure = await startTestAzure();
    const roleDefinitionId = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6`;
    const grant = { principalId: MEMBER, principalType: 'User', roleDefinitionId };
    const guid = '0c000000-0000-4000-8000-00000000000a';
    for (let time = 0; time < 2; time++) await azure.roles.roleAssignments.create(VAULT_ID, guid, grant, forced);
    await azure.roles.roleAssignments.delete(VAULT_ID, guid, forced);
    expect(await refusal(azure.roles.roleAssignments.get(VAULT_ID, guid))).toMatchObject({ statusCode: 404 });
  });

  it('Key Vault', async () => {
    const azure = await startTestAzure();
    const { token } = await azure.credential.getToken('https://vault.azure.net/.default');
    // The SDK has no way to send them.
    const headers = { authorization: `Bearer ${token}`, 'if-match': STALE, 'if-none-match': '*' };
    const url = `${azure.world.vaultUrl}/secrets/key?api-version=7.6`;
    for (const value of ['one', 'two']) {
      expect((await fetch(url, { method: 'PUT', headers, body: JSON.stringify({ value }) })).status).toBe(200);
    }
    expect((await azure.vault.getSecret('key')).value).toBe('two');
    expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(200);
  });

  it('API Management itself, and resource groups', async () => {
    const azure = await startTestAzure();
    const headers = { 'if-match': STALE, 'if-none-match': '*' };
    const patch = await azure.arm('PATCH', SERVICE_ID, '2024-05-01', { tags: { a: 'b' } }, headers);
    expect(patch.status).toBeLessThan(300);
    const group = CENTRAL_ID.split('/providers/')[0]!;
    const put = await azure.arm('PUT', group, '2025-04-01', { location: 'swedencentral' }, headers);
    expect(put.status).toBe(200);
  });
});
