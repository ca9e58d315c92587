import { APIM, GROUP, refusal, SUBSCRIPTION, startTestAzure, type TestAzure, VAULT_ID } from './azure-fixture.js';

const SECRETS_USER = '4633458b-17de-408a-b874-0445c86b69e6';

/** Answers with the text, whatever it refers to. */
function answering(text: string) {
  return `<policies><inbound><return-response><set-body>${text}</set-body></return-response></inbound></policies>`;
}

function put({ apim }: TestAzure, id: string, value: object) {
  return apim.namedValue.beginCreateOrUpdate(GROUP, APIM, id, { displayName: id, ...value });
}

function putPolicy({ apim }: TestAzure, text: string) {
  return apim.policy.createOrUpdate(GROUP, APIM, 'policy', { value: answering(text), format: 'rawxml' });
}

async function call(azure: TestAzure): Promise<string> {
  const { apim, world } = azure;
  await apim.subscription.createOrUpdate(GROUP, APIM, 'all', { displayName: 'all', scope: '/apis', state: 'active' });
  const { primaryKey } = await apim.subscription.listSecrets(GROUP, APIM, 'all');
  const headers = { 'api-key': primaryKey ?? '' };
  const response = await fetch(`${world.gatewayUrl}/openai/v1/chat/completions`, { method: 'POST', headers });
  return response.text();
}

describe('a named value', () => {
  it('stands where a policy refers to it, and a change of it is seen by the next call', async () => {
    const azure = await startTestAzure();
    await put(azure, 'greeting', { value: 'hello' });
    await putPolicy(azure, '{{greeting}}, world');
    // The API's own policy is inside of the global one, which answers first.
    expect(await call(azure)).toBe('hello, world');
    await azure.apim.namedValue.beginUpdate(GROUP, APIM, 'greeting', '*', { value: 'goodbye' });
    expect(await call(azure)).toBe('goodbye, world');
  });

  it('must exist when a policy is PUT, and stays while one refers to it', async () => {
    const azure = await startTestAzure();
    expect(await refusal(putPolicy(azure, '{{greeting}}'))).toMatchObject({
      statusCode: 400,
      message: expect.stringContaining("Cannot find a property 'greeting'"),
    });
    await put(azure, 'greeting', { value: 'hello' });
    await putPolicy(azure, '{{greeting}}');
    const { namedValue, policy } = azure.apim;
    expect(await refusal(namedValue.delete(GROUP, APIM, 'greeting', '*'))).toMatchObject({ statusCode: 400 });
    const renamed = put(azure, 'greeting', { displayName: 'salute', value: 'hello' });
    expect(await refusal(renamed)).toMatchObject({ statusCode: 400, message: expect.stringContaining('would break') });
    await policy.delete(GROUP, APIM, 'policy', '*');
    await namedValue.delete(GROUP, APIM, 'greeting', '*');
    expect(await refusal(namedValue.get(GROUP, APIM, 'greeting'))).toMatchObject({ statusCode: 404 });
  });

  it('is shown by listValue only when it is secret', async () => {
    const azure = await startTestAzure();
    await put(azure, 'plain', { value: 'seen' });
    await put(azure, 'hidden', { value: 'unseen', secret: true });
    const { namedValue } = azure.apim;
    expect((await namedValue.get(GROUP, APIM, 'plain')).value).toBe('seen');
    expect((await namedValue.get(GROUP, APIM, 'hidden')).value).toBeUndefined();
    expect((await namedValue.listValue(GROUP, APIM, 'hidden')).value).toBe('unseen');
  });

  it('comes from Key Vault when the service may read it there', async () => {
    const azure = await startTestAzure();
    const { apim, clock, roles, vault } = azure;
    await vault.setSecret('greeting', 'from the vault');
    const keyVault = { secretIdentifier: `${azure.world.vaultUrl}/secrets/greeting` };
    const failed = await put(azure, 'greeting', { keyVault, secret: true });
    await clock.advance(10_000);
    expect(await refusal(failed.poll().then(() => failed.pollUntilDone()))).toMatchObject({
      message: expect.stringContaining('may not read'),
    });
    const { identity } = await apim.apiManagementService.get(GROUP, APIM);
    await roles.roleAssignments.create(`${VAULT_ID}/secrets/greeting`, '0d000000-0000-4000-8000-000000000001', {
      principalId: identity?.principalId ?? '',
      principalType: 'ServicePrincipal',
      roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${SECRETS_USER}`,
    });
    await clock.advance(10_000);
    const poller = await put(azure, 'greeting', { keyVault, secret: true });
    await clock.advance(10_000);
    await poller.poll();
    expect(poller.getResult()).toMatchObject({ keyVault: { lastStatus: { code: 'Success' } } });
    await putPolicy(azure, '{{greeting}}');
    expect(await call(azure)).toBe('from the vault');
  });

  it('has a name of its own, and a value', async () => {
    const azure = await startTestAzure();
    await put(azure, 'one', { value: 'x' });
    const twin = put(azure, 'two', { displayName: 'one', value: 'y' });
    expect(await refusal(twin)).toMatchObject({ statusCode: 400, code: 'ValidationError' });
    expect(await refusal(put(azure, 'three', {}))).toMatchObject({ statusCode: 400, code: 'ValidationError' });
  });
});
