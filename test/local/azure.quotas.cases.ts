import { APIM, GROUP, RESOURCES, refusal, startTestAzure, TEAMS } from './azure-fixture.js';

describe('a quota', () => {
  it('bounds the Foundry accounts of the Azure subscription', async () => {
    const { foundry } = await startTestAzure({ resources: { ...RESOURCES, limits: { foundryAccounts: 1 } } });
    const account = { location: 'swedencentral', kind: 'AIServices', sku: { name: 'S0' }, properties: {} };
    expect(await refusal(foundry.accounts.beginCreate(TEAMS, 'foundry-second', account))).toMatchObject({
      statusCode: 400,
      code: 'QuotaExceeded',
    });
  });

  it('bounds what one API Management service holds, by type', async () => {
    const { apim } = await startTestAzure();
    const create = (name: string) =>
      apim.namedValue.beginCreateOrUpdate(GROUP, APIM, name, { displayName: name, value: 'x' });
    for (let index = 0; index < 100; index++) await create(`value-${index}`);
    expect(await refusal(create('one-more'))).toMatchObject({ statusCode: 400, code: 'QuotaExceeded' });
    // What is there can be changed still.
    await create('value-1');
  });
});
