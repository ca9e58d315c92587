import { APIM, GROUP, refusal, startTestAzure } from './azure-fixture.js';

describe('a group', () => {
  it('is linked to products; administrators are from the start', async () => {
    const { apim } = await startTestAzure();
    await apim.product.createOrUpdate(GROUP, APIM, 'p', { displayName: 'p' });
    await apim.group.createOrUpdate(GROUP, APIM, 'partners', { displayName: 'Partners' });
    await apim.productGroup.createOrUpdate(GROUP, APIM, 'p', 'partners');
    await apim.productGroup.checkEntityExists(GROUP, APIM, 'p', 'partners');
    const linked: unknown[] = [];
    for await (const { builtIn, name } of apim.productGroup.listByProduct(GROUP, APIM, 'p'))
      linked.push([name, builtIn]);
    expect(linked).toEqual([
      ['administrators', true],
      ['partners', false],
    ]);
    const unknown = apim.productGroup.createOrUpdate(GROUP, APIM, 'p', 'nobody');
    expect(await refusal(unknown)).toMatchObject({ statusCode: 404 });
  });

  it('is not changed when it is built in', async () => {
    const { apim } = await startTestAzure();
    expect(await refusal(apim.group.delete(GROUP, APIM, 'guests', '*'))).toMatchObject({ statusCode: 400 });
  });
});
