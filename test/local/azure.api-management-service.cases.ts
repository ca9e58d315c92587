import type { ApiManagementServiceResource } from '@azure/arm-apimanagement';
import {
  APIM,
  createProduct,
  GROUP,
  RESOURCES,
  refusal,
  SERVICE_ID,
  startTestAzure,
  type TestAzure,
} from './azure-fixture.js';

const LOCATION = 'swedencentral';
const DAY_MS = 86_400_000;

const SERVICE: ApiManagementServiceResource = {
  location: LOCATION,
  sku: { name: 'StandardV2', capacity: 1 },
  publisherEmail: 'platform@contoso.com',
  publisherName: 'Contoso',
  identity: { type: 'SystemAssigned' },
};

const withoutService = {
  ...RESOURCES,
  resources: RESOURCES.resources.filter(({ id }) => !id.startsWith(SERVICE_ID)),
};

async function createService({ apim, clock }: TestAzure, extra: object = {}) {
  const poller = await apim.apiManagementService.beginCreateOrUpdate(GROUP, APIM, { ...SERVICE, ...extra });
  await clock.advance(90_000);
  await poller.poll();
  return poller.getResult();
}

async function deleteService({ apim, clock }: TestAzure) {
  const poller = await apim.apiManagementService.beginDelete(GROUP, APIM);
  await clock.advance(150_000);
  await poller.poll();
  expect(poller.isDone()).toBe(true);
}

describe('an API Management service', () => {
  it('shows its state and the address of its gateway', async () => {
    const { apim, world } = await startTestAzure();
    const service = await apim.apiManagementService.get(GROUP, APIM);
    expect(service).toMatchObject({ provisioningState: 'Succeeded', gatewayUrl: world.gatewayUrl });
    expect(service.identity?.principalId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('refuses changes while it is activating, and takes them 80 seconds later', async () => {
    const azure = await startTestAzure({ apimActivating: true });
    expect((await azure.apim.apiManagementService.get(GROUP, APIM)).provisioningState).toBe('Activating');
    expect(await refusal(createProduct(azure))).toMatchObject({ statusCode: 422, code: 'ManagementApiRequestFailed' });
    await azure.clock.advance(85_000);
    expect((await azure.apim.apiManagementService.get(GROUP, APIM)).provisioningState).toBe('Succeeded');
    await createProduct(azure);
  });

  it('is activated for 80 seconds, in which it takes no changes, and then has its groups', async () => {
    const azure = await startTestAzure({ resources: withoutService });
    const { apim, clock, world } = azure;
    const poller = await apim.apiManagementService.beginCreateOrUpdate(GROUP, APIM, SERVICE);
    expect((await apim.apiManagementService.get(GROUP, APIM)).provisioningState).toBe('Activating');
    const early = apim.product.createOrUpdate(GROUP, APIM, 'p', { displayName: 'p' });
    expect(await refusal(early)).toMatchObject({ statusCode: 422, code: 'ManagementApiRequestFailed' });
    await clock.advance(90_000);
    await poller.poll();
    expect(poller.getResult()).toMatchObject({ provisioningState: 'Succeeded', gatewayUrl: world.gatewayUrl });
    const groups: unknown[] = [];
    for await (const { name } of apim.group.listByService(GROUP, APIM)) groups.push(name);
    expect(groups).toEqual(['administrators', 'developers', 'guests']);
  });

  it('is changed in an operation, too', async () => {
    const { apim, clock } = await startTestAzure();
    const poller = await apim.apiManagementService.beginUpdate(GROUP, APIM, { tags: { cost: 'ai' } });
    expect((await apim.apiManagementService.get(GROUP, APIM)).provisioningState).toBe('Updating');
    const meanwhile = apim.apiManagementService.beginUpdate(GROUP, APIM, { tags: { cost: 'other' } });
    expect(await refusal(meanwhile)).toMatchObject({ statusCode: 409 });
    await clock.advance(60_000);
    await poller.poll();
    expect(poller.getResult()).toMatchObject({ provisioningState: 'Succeeded', tags: { cost: 'ai' } });
  });

  it('keeps its name when it was deleted, and gives it free when it is purged', async () => {
    const azure = await startTestAzure();
    const { apim, clock, world } = azure;
    await deleteService(azure);
    expect(await refusal(apim.apiManagementService.get(GROUP, APIM))).toMatchObject({ statusCode: 404 });
    expect(world.inventory()).toContain(`deleted:${SERVICE_ID}`);
    expect(await refusal(createService(azure))).toMatchObject({
      statusCode: 409,
      code: 'ServiceAlreadyExistsInSoftDeletedState',
    });
    const deleted: unknown[] = [];
    for await (const one of apim.deletedServices.listBySubscription()) deleted.push(one.serviceId);
    expect(deleted).toEqual([SERVICE_ID]);
    const purge = await apim.deletedServices.beginPurge(APIM, LOCATION);
    await clock.advance(40_000);
    await purge.poll();
    expect(purge.isDone()).toBe(true);
    expect(await refusal(apim.deletedServices.getByName(APIM, LOCATION))).toMatchObject({ statusCode: 404 });
    expect((await createService(azure))?.provisioningState).toBe('Succeeded');
    expect(await refusal(apim.api.get(GROUP, APIM, 'openai-api'))).toMatchObject({ statusCode: 404 });
  });

  it('comes back with all that it had, and the same identity, when it is restored', async () => {
    const azure = await startTestAzure();
    const before = await azure.apim.apiManagementService.get(GROUP, APIM);
    await deleteService(azure);
    const restored = await createService(azure, { restore: true });
    expect(restored?.identity?.principalId).toBe(before.identity?.principalId);
    expect((await azure.apim.api.get(GROUP, APIM, 'openai-api')).path).toBe('openai/v1');
    // `apiPolicy.get` of the SDK reads this JSON as XML and loses the value.
    const policy = await azure.arm('GET', `${SERVICE_ID}/apis/openai-api/policies/policy`, '2024-05-01');
    expect(await policy.text()).toContain('foundry-backend');
  });

  it('is gone for good after 48 hours', async () => {
    const azure = await startTestAzure();
    await deleteService(azure);
    await azure.clock.advance(2 * DAY_MS);
    expect(azure.world.inventory().filter((id) => id.startsWith('deleted:'))).toEqual([]);
    expect(await refusal(createService(azure, { restore: true }))).toMatchObject({ statusCode: 404 });
  });

  it('is there once: the simulated Azure has one gateway', async () => {
    const { apim } = await startTestAzure();
    const second = apim.apiManagementService.beginCreateOrUpdate(GROUP, 'apim-second', SERVICE);
    expect(await refusal(second)).toMatchObject({ statusCode: 409, message: expect.stringContaining(APIM) });
  });
});
