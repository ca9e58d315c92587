import {
  CENTRAL_ID,
  MEMBER,
  RESOURCES,
  refusal,
  SUBSCRIPTION,
  startTestAzure,
  type TestAzure,
  VAULT_ID,
} from './azure-fixture.js';

const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const FIRST = '0d000000-0000-4000-8000-000000000001';
const SECOND = '0d000000-0000-4000-8000-000000000002';

function assign({ roles }: TestAzure, name: string, extra: object = {}, scope = CENTRAL_ID) {
  const roleDefinitionId = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${READER}`;
  return roles.roleAssignments.create(scope, name, { principalId: MEMBER, roleDefinitionId, ...extra });
}

describe('a role assignment', () => {
  it('can be repeated with the same name and content', async () => {
    const azure = await startTestAzure();
    const created = await assign(azure, FIRST);
    expect(created).toMatchObject({ name: FIRST, scope: CENTRAL_ID, principalType: 'User' });
    expect(await assign(azure, FIRST)).toMatchObject({ id: created.id });
  });

  it('exists once: another name for the same grant is a conflict', async () => {
    const azure = await startTestAzure();
    await assign(azure, FIRST);
    expect(await refusal(assign(azure, SECOND))).toMatchObject({ statusCode: 409, code: 'RoleAssignmentExists' });
  });

  it('cannot be given to another principal under its name', async () => {
    const azure = await startTestAzure();
    await assign(azure, FIRST);
    const other = assign(azure, FIRST, { principalId: '99999999-2222-3333-4444-555555555555' });
    expect(await refusal(other)).toMatchObject({ statusCode: 400, code: 'RoleAssignmentUpdateNotPermitted' });
  });

  it('needs principalType for a principal that the directory does not know yet', async () => {
    const azure = await startTestAzure();
    const principalId = '77777777-0000-4000-8000-000000000000';
    expect(await refusal(assign(azure, FIRST, { principalId }))).toMatchObject({
      statusCode: 400,
      code: 'PrincipalNotFound',
    });
    await assign(azure, FIRST, { principalId, principalType: 'ServicePrincipal' });
  });

  it('stands at a secret of a vault, is listed there with those above, and found by principal', async () => {
    const azure = await startTestAzure();
    const secret = `${VAULT_ID}/secrets/apim-key-alpha`;
    await assign(azure, FIRST, {}, VAULT_ID);
    await assign(azure, SECOND, {}, secret);
    const names: unknown[] = [];
    const filter = `principalId eq '${MEMBER}'`;
    for await (const one of azure.roles.roleAssignments.listForScope(secret, { filter })) names.push(one.name);
    expect(names.sort()).toEqual([FIRST, SECOND]);
  });

  it('is deleted with 204 when it is not there', async () => {
    const azure = await startTestAzure();
    await assign(azure, FIRST);
    expect((await azure.roles.roleAssignments.delete(CENTRAL_ID, FIRST)).name).toBe(FIRST);
    expect((await azure.roles.roleAssignments.delete(CENTRAL_ID, FIRST)).name).toBeUndefined();
  });

  it('needs a scope that exists', async () => {
    const azure = await startTestAzure();
    expect(await refusal(assign(azure, FIRST, {}, `${CENTRAL_ID}-none`))).toMatchObject({ statusCode: 404 });
  });

  it('counts only when it has spread, which takes as long as the world was told', async () => {
    const azure = await startTestAzure({ resources: { ...RESOURCES, latencies: { rolePropagation: 600 } } });
    const { clock, world } = azure;
    await assign(azure, FIRST);
    const body = JSON.stringify({ objectId: MEMBER, resource: 'https://management.azure.com' });
    const answer = await fetch(`${world.controlUrl}/tokens`, { method: 'POST', body });
    const { access_token } = (await answer.json()) as { access_token: string };
    const read = async () =>
      (await azure.arm('GET', CENTRAL_ID, '2025-09-01', undefined, { authorization: `Bearer ${access_token}` })).status;
    await clock.advance(599_000);
    expect(await read()).toBe(403);
    await clock.advance(1_000);
    expect(await read()).toBe(200);
  });
});
