import { APIM, GROUP, refusal, SERVICE_ID, startTestAzure, type TestAzure } from './azure-fixture.js';

const DOCUMENT = `openapi: 3.0.3
info: { title: Pets, version: '1' }
servers: [{ url: 'https://pets.example' }]
paths:
  /pets:
    get: { operationId: listPets, summary: All pets, responses: { '200': { description: ok } } }
  /pets/{id}:
    get: { responses: { '200': { description: ok } } }
    delete: { operationId: Remove Pet, responses: { '204': { description: gone } } }
`;

function importApi({ apim }: TestAzure, value = DOCUMENT, format = 'openapi') {
  return apim.api.beginCreateOrUpdate(GROUP, APIM, 'pets', { path: 'pets', value, format });
}

describe('the import of an API', () => {
  it('takes time, and then the API has the operations of its document', async () => {
    const azure = await startTestAzure();
    const { apim, clock } = azure;
    const poller = await importApi(azure);
    expect(poller.isDone()).toBe(false);
    expect((await apim.api.get(GROUP, APIM, 'pets')).provisioningState).toBe('InProgress');
    await clock.advance(20_000);
    await poller.poll();
    expect(poller.getResult()).toMatchObject({ displayName: 'Pets', path: 'pets', serviceUrl: 'https://pets.example' });
    const operations: unknown[] = [];
    for await (const one of apim.apiOperation.listByApi(GROUP, APIM, 'pets')) {
      operations.push([one.name, one.method, one.urlTemplate, one.templateParameters?.length]);
    }
    expect(operations).toEqual([
      ['get-pets-id', 'GET', '/pets/{id}', 1],
      ['listpets', 'GET', '/pets', 0],
      ['remove-pet', 'DELETE', '/pets/{id}', 1],
    ]);
  });

  it('keeps others from the API meanwhile, its policies included', async () => {
    const azure = await startTestAzure();
    await importApi(azure);
    const policy = { value: '<policies><inbound><base /></inbound></policies>', format: 'rawxml' };
    const put = () => azure.apim.apiPolicy.createOrUpdate(GROUP, APIM, 'pets', 'policy', policy);
    expect(await refusal(put())).toMatchObject({ statusCode: 409, code: 'PessimisticConcurrencyConflict' });
    await azure.clock.advance(20_000);
    await put();
  });

  it('answers with both poll addresses, and says InProgress', async () => {
    const { arm } = await startTestAzure();
    const body = { properties: { path: 'pets', value: DOCUMENT, format: 'openapi' } };
    const response = await arm('PUT', `${SERVICE_ID}/apis/pets`, '2024-05-01', body);
    expect([response.status, (await response.json()) as object]).toMatchObject([
      201,
      { properties: { provisioningState: 'InProgress' } },
    ]);
    expect(response.headers.get('azure-asyncoperation')).toContain('/operationStatuses/');
    expect(response.headers.get('location')).toContain('/operationResults/');
  });

  it.each([
    ['openapi', 'openapi: 2.0', /no OpenAPI 3 document/],
    ['openapi', 'paths: [', /cannot be parsed/],
    ['wsdl', '<definitions />', /not simulated/],
  ])('refuses a document in format %s that is %j', async (format, value, message) => {
    const azure = await startTestAzure();
    expect(await refusal(importApi(azure, value, format))).toMatchObject({
      statusCode: 400,
      code: 'ValidationError',
      message: expect.stringMatching(message),
    });
  });
});
