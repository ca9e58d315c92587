import { APIM, CENTRAL, GROUP, refusal, startTestAzure, type TestAzure } from './azure-fixture.js';

const OPERATION = { displayName: 'One', method: 'GET', urlTemplate: '/one' };

function createOperation({ apim }: TestAzure, name: string, api = 'openai-api') {
  return apim.apiOperation.createOrUpdate(GROUP, APIM, api, name, OPERATION);
}

function subscribe({ apim }: TestAzure, name: string, product = 'p') {
  const subscription = { displayName: name, scope: `/products/${product}` };
  return apim.subscription.createOrUpdate(GROUP, APIM, name, subscription);
}

function connect({ foundry }: TestAzure, name: string) {
  const properties = { category: 'CustomKeys', authType: 'None', target: 'https://x' } as const;
  return foundry.accountConnections.create(GROUP, CENTRAL, name, { connection: { properties } });
}

describe('writes that meet', () => {
  it('conflict on one API, for less than a second of world time', async () => {
    const azure = await startTestAzure({ contention: true });
    await createOperation(azure, 'one');
    expect(await refusal(createOperation(azure, 'two'))).toMatchObject({
      statusCode: 409,
      code: 'PessimisticConcurrencyConflict',
    });
    await createOperation(azure, 'one', 'kaito-api');
    await azure.clock.advance(1_000);
    await createOperation(azure, 'two');
  });

  it('conflict when both subscribe to one product', async () => {
    const azure = await startTestAzure({ contention: true });
    for (const name of ['p', 'q']) await azure.apim.product.createOrUpdate(GROUP, APIM, name, { displayName: name });
    await subscribe(azure, 'one');
    expect(await refusal(subscribe(azure, 'two'))).toMatchObject({ statusCode: 412, code: 'PreconditionFailed' });
    await subscribe(azure, 'three', 'q');
    // A change of what is there is no new subscription.
    await azure.apim.subscription.update(GROUP, APIM, 'one', '*', { displayName: 'changed' });
    await azure.clock.advance(1_000);
    await subscribe(azure, 'two');
  });

  it('conflict on one Foundry account, and for a moment after its operations', async () => {
    const azure = await startTestAzure({ contention: true, latencies: { foundryDeployment: 10 } });
    await connect(azure, 'one');
    expect(await refusal(connect(azure, 'two'))).toMatchObject({ statusCode: 409, code: 'RequestConflict' });
    await azure.clock.advance(1_000);
    const model = { format: 'OpenAI', name: 'gpt-4o', version: '1' };
    const deployment = { sku: { name: 'Standard', capacity: 1 }, properties: { model } };
    await azure.foundry.deployments.beginCreateOrUpdate(GROUP, CENTRAL, 'small', deployment);
    await azure.clock.advance(10_000);
    expect((await azure.foundry.accounts.get(GROUP, CENTRAL)).properties?.provisioningState).toBe('Succeeded');
    expect(await refusal(connect(azure, 'two'))).toMatchObject({ code: 'RequestConflict' });
    await azure.clock.advance(500);
    await connect(azure, 'two');
  });

  it('go through unless that is switched on, which can be done while the world runs', async () => {
    const azure = await startTestAzure();
    await createOperation(azure, 'one');
    await createOperation(azure, 'two');
    const url = `${azure.world.controlUrl}/contention`;
    expect(await (await fetch(url, { method: 'PUT', body: '{"isOn":true}' })).json()).toEqual({ isOn: true });
    await createOperation(azure, 'three');
    expect(await refusal(createOperation(azure, 'four'))).toMatchObject({ statusCode: 409 });
    await fetch(url, { method: 'PUT', body: '{"isOn":false}' });
    await createOperation(azure, 'four');
    expect(await (await fetch(url)).json()).toEqual({ isOn: false });
  });
});
