import { SecretClient } from '@azure/keyvault-secrets';
import { MEMBER, refusal, SUBSCRIPTION, startTestAzure, type TestAzure, VAULT_ID } from './azure-fixture.js';

/** What a person would be: a member of the directory with a token of her own. */
function clientOf({ world }: TestAzure, objectId: string): SecretClient {
  const getToken = async () => {
    const body = JSON.stringify({ objectId, resource: 'https://vault.azure.net' });
    const response = await fetch(`${world.controlUrl}/tokens`, { method: 'POST', body });
    const { access_token, expires_on } = (await response.json()) as { access_token: string; expires_on: string };
    return { token: access_token, expiresOnTimestamp: Number(expires_on) * 1_000 };
  };
  const options = { disableChallengeResourceVerification: true, retryOptions: { maxRetries: 0 } };
  return new SecretClient(world.vaultUrl, { getToken }, options);
}

describe('a secret', () => {
  it('has a new version with every value, tags and an id at the vault', async () => {
    const { vault, world } = await startTestAzure();
    const first = await vault.setSecret('apim-key-alpha', 'one', { tags: { operation: 'op-1' } });
    await vault.setSecret('apim-key-alpha', 'two');
    expect((await vault.getSecret('apim-key-alpha')).value).toBe('two');
    const old = await vault.getSecret('apim-key-alpha', { version: first.properties.version });
    expect([old.value, old.properties.tags]).toEqual(['one', { operation: 'op-1' }]);
    expect(old.properties.id).toBe(`${world.vaultUrl}/secrets/apim-key-alpha/${first.properties.version}`);
    const versions: unknown[] = [];
    for await (const one of vault.listPropertiesOfSecretVersions('apim-key-alpha')) versions.push(one.version);
    expect(versions).toHaveLength(2);
    expect(world.inventory()).toContain(`${VAULT_ID}/secrets/apim-key-alpha`);
  });

  it('keeps its name when deleted, until it is purged', async () => {
    const { clock, vault } = await startTestAzure();
    await vault.setSecret('key', 'one');
    const poller = await vault.beginDeleteSecret('key');
    expect(poller.isDone()).toBe(false);
    expect(await refusal(vault.getSecret('key'))).toMatchObject({ statusCode: 404, code: 'SecretNotFound' });
    expect(await refusal(vault.purgeDeletedSecret('key'))).toMatchObject({ statusCode: 409 });
    await clock.advance(5_000);
    expect((await vault.getDeletedSecret('key')).name).toBe('key');
    const again = await refusal(vault.setSecret('key', 'two'));
    expect(again).toMatchObject({ statusCode: 409, code: 'Conflict' });
    await vault.purgeDeletedSecret('key');
    await vault.setSecret('key', 'two');
  });

  it('comes back with all its versions when it is recovered', async () => {
    const { clock, vault } = await startTestAzure();
    await vault.setSecret('key', 'one');
    await vault.beginDeleteSecret('key');
    await clock.advance(5_000);
    await vault.beginRecoverDeletedSecret('key');
    expect((await vault.getSecret('key')).value).toBe('one');
  });

  it('goes by itself when its retention of 90 days is over', async () => {
    const { clock, vault } = await startTestAzure();
    await vault.setSecret('key', 'one');
    await vault.beginDeleteSecret('key');
    await clock.advance(90 * 86_400_000);
    expect(await refusal(vault.getDeletedSecret('key'))).toMatchObject({ statusCode: 404 });
  });

  it('takes new tags without a new version, and hides its value while disabled', async () => {
    const { vault } = await startTestAzure();
    const { properties } = await vault.setSecret('key', 'one');
    const version = properties.version ?? '';
    await vault.updateSecretProperties('key', version, { tags: { slot: 'primary' }, enabled: false });
    expect(await refusal(vault.getSecret('key'))).toMatchObject({ statusCode: 403 });
    const listed: unknown[] = [];
    for await (const one of vault.listPropertiesOfSecrets()) listed.push([one.name, one.tags, one.enabled]);
    expect(listed).toEqual([['key', { slot: 'primary' }, false]]);
  });

  it('is read by whoever has a role on it, and nothing else of the vault', async () => {
    const azure = await startTestAzure();
    await azure.vault.setSecret('apim-key-alpha', 'one');
    await azure.vault.setSecret('apim-key-beta', 'two');
    const member = clientOf(azure, MEMBER);
    expect(await refusal(member.getSecret('apim-key-alpha'))).toMatchObject({ statusCode: 403, code: 'Forbidden' });
    const scope = `${VAULT_ID}/secrets/apim-key-alpha`;
    const role = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6`;
    const assignment = {
      principalId: '99999999-2222-3333-4444-555555555555',
      principalType: 'Group',
      roleDefinitionId: role,
    };
    await azure.roles.roleAssignments.create(scope, '0d000000-0000-4000-8000-000000000001', assignment);
    await azure.clock.advance(10_000);
    expect((await member.getSecret('apim-key-alpha')).value).toBe('one');
    expect(await refusal(member.setSecret('apim-key-alpha', 'mine'))).toMatchObject({ statusCode: 403 });
    expect(await refusal(member.getSecret('apim-key-beta'))).toMatchObject({ statusCode: 403 });
  });
});
