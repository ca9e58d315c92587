import { CognitiveServicesManagementClient } from '@azure/arm-cognitiveservices';
import { refusal, SUBSCRIPTION, startTestAzure, TEAMS, type TestAzure } from './azure-fixture.js';

const ACCOUNT = 'foundry-alpha';
const LOCATION = 'swedencentral';

function account(extra: object = {}) {
  return {
    location: LOCATION,
    kind: 'AIServices',
    sku: { name: 'S0' },
    identity: { type: 'SystemAssigned' as const },
    properties: {
      customSubDomainName: 'foundry-alpha-k3x9q',
      allowProjectManagement: true,
      disableLocalAuth: true,
      ...extra,
    },
  };
}

/** The first half of a creation, as an activity does it: a token to resume with, and no waiting. */
async function beginAccount({ foundry }: TestAzure, name = ACCOUNT, extra: object = {}): Promise<string> {
  return (await foundry.accounts.beginCreate(TEAMS, name, account(extra))).toString();
}

async function createAccount(azure: TestAzure, name = ACCOUNT, extra: object = {}): Promise<void> {
  await beginAccount(azure, name, extra);
  await azure.clock.advance(30_000);
}

const PROJECT = {
  location: LOCATION,
  identity: { type: 'SystemAssigned' as const },
  properties: { displayName: 'team-alpha' },
};

async function createProject(azure: TestAzure, name = 'default'): Promise<void> {
  await azure.foundry.projects.beginCreate(TEAMS, ACCOUNT, name, PROJECT);
  await azure.clock.advance(25_000);
}

async function deleteAccount(azure: TestAzure): Promise<void> {
  await azure.foundry.accounts.beginDelete(TEAMS, ACCOUNT);
  await azure.clock.advance(35_000);
}

describe('a Foundry account', () => {
  it('is created in half a minute of world time, and its poller resumes from a stored token', async () => {
    const azure = await startTestAzure();
    const { clock, foundry } = azure;
    const token = await beginAccount(azure);
    expect((await foundry.accounts.get(TEAMS, ACCOUNT)).properties?.provisioningState).toBe('Accepted');
    await clock.advance(5_000);
    expect((await foundry.accounts.get(TEAMS, ACCOUNT)).properties?.provisioningState).toBe('Creating');
    await clock.advance(25_000);
    const resumed = await foundry.accounts.beginCreate(TEAMS, ACCOUNT, account(), { resumeFrom: token });
    expect(resumed.isDone()).toBe(true);
    const created = resumed.getResult();
    expect(created?.properties?.provisioningState).toBe('Succeeded');
    expect(created?.properties?.endpoint).toBe('https://foundry-alpha-k3x9q.cognitiveservices.azure.com/');
    expect(created?.identity?.principalId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('takes one write at a time, its children included', async () => {
    const azure = await startTestAzure();
    await beginAccount(azure);
    const early = azure.foundry.projects.beginCreate(TEAMS, ACCOUNT, 'default', PROJECT);
    expect(await refusal(early)).toMatchObject({ statusCode: 409, code: 'RequestConflict' });
    await azure.clock.advance(30_000);
    await azure.foundry.projects.beginCreate(TEAMS, ACCOUNT, 'default', PROJECT);
    const busy = await azure.foundry.accounts.get(TEAMS, ACCOUNT);
    expect(busy.properties?.provisioningState).toBe('Accepted');
  });

  it('shares its subdomain with nobody', async () => {
    const azure = await startTestAzure();
    await createAccount(azure);
    const twin = azure.foundry.accounts.beginCreate(TEAMS, 'foundry-beta', account());
    expect(await refusal(twin)).toMatchObject({ statusCode: 400, code: 'CustomDomainInUse' });
  });

  it('is not deleted while projects stand in it', async () => {
    const azure = await startTestAzure();
    await createAccount(azure);
    await createProject(azure);
    const refused = await refusal(azure.foundry.accounts.beginDelete(TEAMS, ACCOUNT));
    expect(refused).toMatchObject({ statusCode: 409, code: 'CannotDeleteResource' });
    expect(refused.message).toContain('/projects/default');
    await azure.foundry.projects.beginDelete(TEAMS, ACCOUNT, 'default');
    await azure.clock.advance(35_000);
    await deleteAccount(azure);
    expect(await refusal(azure.foundry.accounts.get(TEAMS, ACCOUNT))).toMatchObject({ statusCode: 404 });
  });

  it('keeps its name when deleted, until it is purged', async () => {
    const azure = await startTestAzure();
    const { clock, foundry } = azure;
    await createAccount(azure);
    await deleteAccount(azure);
    expect(await refusal(beginAccount(azure))).toMatchObject({ statusCode: 409, code: 'FlagMustBeSetForRestore' });
    const deleted: unknown[] = [];
    for await (const one of foundry.deletedAccounts.list()) deleted.push(one.name);
    expect(deleted).toEqual([ACCOUNT]);
    expect((await foundry.deletedAccounts.get(LOCATION, TEAMS, ACCOUNT)).name).toBe(ACCOUNT);
    await foundry.deletedAccounts.beginPurge(LOCATION, TEAMS, ACCOUNT);
    await clock.advance(20_000);
    expect(await refusal(foundry.deletedAccounts.get(LOCATION, TEAMS, ACCOUNT))).toMatchObject({ statusCode: 404 });
    await createAccount(azure);
  });

  it('is gone for good after 48 hours, or comes back with restore', async () => {
    const azure = await startTestAzure();
    await createAccount(azure);
    const before = (await azure.foundry.accounts.get(TEAMS, ACCOUNT)).identity?.principalId;
    await deleteAccount(azure);
    await createAccount(azure, ACCOUNT, { restore: true });
    expect((await azure.foundry.accounts.get(TEAMS, ACCOUNT)).identity?.principalId).toBe(before);
    await deleteAccount(azure);
    await azure.clock.advance(48 * 3_600_000);
    await createAccount(azure);
  });

  it('counts towards the ceiling of its region', async () => {
    const azure = await startTestAzure();
    await createAccount(azure);
    const usages: unknown[] = [];
    for await (const one of azure.foundry.usages.list(LOCATION))
      usages.push([one.name?.value, one.currentValue, one.limit]);
    expect(usages[0]).toEqual(['AccountCount', 2, 100]);
  });

  it('refuses a body with what the service does not know', async () => {
    const azure = await startTestAzure();
    const path = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${TEAMS}/providers/Microsoft.CognitiveServices/accounts/x1`;
    const response = await azure.arm('PUT', path, '2025-12-01', account({ statisticsEnabled: true }));
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('statisticsEnabled')]);
  });
});

describe('a project', () => {
  it('is the default one when it is the first, whatever was asked for', async () => {
    const azure = await startTestAzure();
    await createAccount(azure);
    await createProject(azure);
    await createProject(azure, 'second');
    const [first, second] = await Promise.all(
      ['default', 'second'].map((name) => azure.foundry.projects.get(TEAMS, ACCOUNT, name)),
    );
    expect([first?.properties?.isDefault, second?.properties?.isDefault]).toEqual([true, false]);
    expect(first?.identity?.principalId).not.toBe(second?.identity?.principalId);
  });

  it('ends a failed creation as Failed, and can be created again', async () => {
    const azure = await startTestAzure();
    await createAccount(azure);
    const error = { code: 'InternalServerError', message: 'no capacity' };
    azure.world.faults.add({ kind: 'failed-operation', match: { path: '/projects/', method: 'PUT' }, times: 1, error });
    await createProject(azure);
    expect((await azure.foundry.projects.get(TEAMS, ACCOUNT, 'default')).properties?.provisioningState).toBe('Failed');
    await createProject(azure);
    expect((await azure.foundry.projects.get(TEAMS, ACCOUNT, 'default')).properties?.provisioningState).toBe(
      'Succeeded',
    );
  });
});

describe('a deployment', () => {
  it('is polled at its status address', async () => {
    const azure = await startTestAzure();
    await createAccount(azure);
    const deployment = {
      sku: { name: 'GlobalStandard', capacity: 1 },
      properties: { model: { format: 'OpenAI', name: 'gpt-4.1', version: '2025-04-14' } },
    };
    const { foundry } = azure;
    const poller = await foundry.deployments.beginCreateOrUpdate(TEAMS, ACCOUNT, 'gpt-4.1', deployment);
    expect(poller.isDone()).toBe(false);
    await azure.clock.advance(40_000);
    await poller.poll();
    expect(poller.getResult()?.properties?.provisioningState).toBe('Succeeded');
  });
});

describe('a connection', () => {
  const connection = (metadata: Record<string, string>) => ({
    properties: {
      authType: 'ApiKey' as const,
      category: 'ApiManagement',
      target: 'https://apim-hai.azure-api.net/openai/v1',
      isSharedToAll: false,
      credentials: { key: 'SIMULATED-KEY-secret' },
      metadata,
    },
  });

  it('is written in one step and never shows its key', async () => {
    const azure = await startTestAzure();
    await createAccount(azure);
    await createProject(azure);
    const { foundry } = azure;
    const wanted = connection({ deploymentInPath: 'false', models: '[]' });
    await foundry.projectConnections.create(TEAMS, ACCOUNT, 'default', 'apim-alpha', { connection: wanted });
    await foundry.projectConnections.create(TEAMS, ACCOUNT, 'default', 'apim-alpha', { connection: wanted });
    const found = await foundry.projectConnections.get(TEAMS, ACCOUNT, 'default', 'apim-alpha');
    expect(found.properties).toMatchObject({ category: 'ApiManagement', target: wanted.properties.target });
    expect(JSON.stringify(found)).not.toContain('SIMULATED-KEY');
    await foundry.projectConnections.delete(TEAMS, ACCOUNT, 'default', 'apim-alpha');
    await foundry.projectConnections.delete(TEAMS, ACCOUNT, 'default', 'apim-alpha');
  });

  it('must say where the name of a deployment goes', async () => {
    const azure = await startTestAzure();
    await createAccount(azure);
    await createProject(azure);
    const put = azure.foundry.projectConnections.create(TEAMS, ACCOUNT, 'default', 'apim-alpha', {
      connection: connection({ models: 'not json' }),
    });
    const refused = await refusal(put);
    expect(refused).toMatchObject({ statusCode: 400, code: 'ValidationError' });
    expect(refused.message).toMatch(/deploymentInPath.*models must be JSON/);
  });
});

it('speaks the default version of the SDK as well', async () => {
  const azure = await startTestAzure();
  const client = new CognitiveServicesManagementClient(azure.credential, SUBSCRIPTION, {
    endpoint: azure.world.armUrl,
  });
  await client.accounts.beginCreate(TEAMS, ACCOUNT, account());
  await azure.clock.advance(30_000);
  expect((await client.accounts.get(TEAMS, ACCOUNT)).properties?.provisioningState).toBe('Succeeded');
});
