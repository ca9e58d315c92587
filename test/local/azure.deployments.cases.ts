import { CENTRAL, GROUP, RESOURCES, refusal, startTestAzure, type TestAzure } from './azure-fixture.js';

const LOCATION = 'swedencentral';

/** The central account has 100 of these 240 from the start. */
const resources = { ...RESOURCES, limits: { modelCapacity: { 'OpenAI.GlobalStandard.gpt-4.1': 240 } } };

function deploy({ foundry }: TestAzure, capacity: number, name = 'second') {
  const model = { format: 'OpenAI', name: 'gpt-4.1', version: '2025-04-14' };
  const deployment = { sku: { name: 'GlobalStandard', capacity }, properties: { model } };
  return foundry.deployments.beginCreateOrUpdate(GROUP, CENTRAL, name, deployment);
}

async function usage({ foundry }: TestAzure) {
  for await (const one of foundry.usages.list(LOCATION)) {
    if (one.name?.value === 'OpenAI.GlobalStandard.gpt-4.1') return [one.currentValue, one.limit];
  }
  return undefined;
}

describe('a deployment', () => {
  it('takes capacity from the quota of its region, SKU and model', async () => {
    const azure = await startTestAzure({ resources });
    expect(await usage(azure)).toEqual([100, 240]);
    const poller = await deploy(azure, 140);
    await azure.clock.advance(40_000);
    await poller.poll();
    expect(poller.getResult()).toMatchObject({ properties: { provisioningState: 'Succeeded' } });
    expect(await usage(azure)).toEqual([240, 240]);
  });

  it('is refused with what is left', async () => {
    const azure = await startTestAzure({ resources });
    const refused = await refusal(deploy(azure, 141));
    expect(refused).toMatchObject({ statusCode: 400, code: 'InsufficientQuota' });
    expect(refused.message).toMatch(
      /require 141 new capacity .* available capacity 140\. .* usage is 100 .* limit is 240/,
    );
  });

  it('counts only what a change adds, and gives back what it takes away', async () => {
    const azure = await startTestAzure({ resources });
    const { clock, foundry } = azure;
    expect(await refusal(deploy(azure, 241, 'gpt-4.1'))).toMatchObject({ code: 'InsufficientQuota' });
    const poller = await deploy(azure, 240, 'gpt-4.1');
    expect((await foundry.deployments.get(GROUP, CENTRAL, 'gpt-4.1')).properties?.provisioningState).toBe('Accepted');
    await clock.advance(10_000);
    await poller.poll();
    expect(poller.isDone()).toBe(true);
    await foundry.deployments.beginUpdate(GROUP, CENTRAL, 'gpt-4.1', { sku: { name: 'GlobalStandard', capacity: 50 } });
    await clock.advance(10_000);
    expect(await usage(azure)).toEqual([50, 240]);
    const deletion = await foundry.deployments.beginDelete(GROUP, CENTRAL, 'gpt-4.1');
    await clock.advance(40_000);
    await deletion.poll();
    expect(await usage(azure)).toEqual([0, 240]);
  });

  it('has a SKU that exists', async () => {
    const { foundry } = await startTestAzure();
    const wrong = { sku: { name: 'Cheap' }, properties: { model: { format: 'OpenAI', name: 'gpt-4.1' } } };
    const put = foundry.deployments.beginCreateOrUpdate(GROUP, CENTRAL, 'x', wrong);
    expect(await refusal(put)).toMatchObject({ statusCode: 400 });
  });
});
