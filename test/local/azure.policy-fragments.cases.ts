import { APIM, GROUP, refusal, startTestAzure, type TestAzure } from './azure-fixture.js';

const POLICY = '<policies><inbound><include-fragment fragment-id="answer" /></inbound></policies>';

function fragment(text: string) {
  return `<fragment><return-response><set-body>${text}</set-body></return-response></fragment>`;
}

function putFragment({ apim }: TestAzure, value: string) {
  return apim.policyFragment.beginCreateOrUpdate(GROUP, APIM, 'answer', { value, format: 'rawxml' });
}

function putPolicy({ apim }: TestAzure) {
  return apim.policy.createOrUpdate(GROUP, APIM, 'policy', { value: POLICY, format: 'rawxml' });
}

describe('a policy fragment', () => {
  it('is run where a policy includes it, in its newest form', async () => {
    const azure = await startTestAzure();
    const { apim, world } = azure;
    await putFragment(azure, fragment('one'));
    await putPolicy(azure);
    await apim.subscription.createOrUpdate(GROUP, APIM, 'all', { displayName: 'all', scope: '/apis', state: 'active' });
    const { primaryKey } = await apim.subscription.listSecrets(GROUP, APIM, 'all');
    const call = async () => {
      const headers = { 'api-key': primaryKey ?? '' };
      return (await fetch(`${world.gatewayUrl}/openai/v1/chat/completions`, { method: 'POST', headers })).text();
    };
    expect(await call()).toBe('one');
    await putFragment(azure, fragment('two'));
    expect(await call()).toBe('two');
  });

  it('must exist when a policy is PUT, and stays while one includes it', async () => {
    const azure = await startTestAzure();
    expect(await refusal(putPolicy(azure))).toMatchObject({
      statusCode: 400,
      message: expect.stringContaining("Cannot find a fragment 'answer'"),
    });
    await putFragment(azure, fragment('one'));
    await putPolicy(azure);
    const remove = () => azure.apim.policyFragment.delete(GROUP, APIM, 'answer', '*');
    expect(await refusal(remove())).toMatchObject({ statusCode: 400 });
    await azure.apim.policy.delete(GROUP, APIM, 'policy', '*');
    await remove();
    expect(await refusal(azure.apim.policyFragment.get(GROUP, APIM, 'answer'))).toMatchObject({ statusCode: 404 });
  });

  it.each([
    ['<policies />', /root element of a fragment/],
    ['<fragment><teleport /></fragment>', /teleport.*not supported/],
    ['<fragment><base /></fragment>', /base/],
    ['<fragment><include-fragment fragment-id="none" /></fragment>', /Cannot find a fragment 'none'/],
  ])('is refused as %s', async (value, message) => {
    const azure = await startTestAzure();
    expect(await refusal(putFragment(azure, value))).toMatchObject({
      statusCode: 400,
      message: expect.stringMatching(message),
    });
  });

  it('does not include itself', async () => {
    const azure = await startTestAzure();
    await putFragment(azure, fragment('one'));
    await putPolicy(azure);
    const circle = '<fragment><include-fragment fragment-id="answer" /></fragment>';
    expect(await refusal(putFragment(azure, circle))).toMatchObject({ statusCode: 400 });
  });
});
