import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explicitClock } from '../../local/clock.js';
import { loadTls } from '../../local/tls.js';
import { startWorld } from '../../local/world/start.js';
import { APIM, GROUP, RESOURCES, refusal, startTestAzure, TEAMS } from './azure-fixture.js';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'azure-test-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const ACCOUNT = {
  location: 'swedencentral',
  kind: 'AIServices',
  sku: { name: 'S0' },
  properties: { customSubDomainName: 'foundry-alpha' },
};

describe('a killed world', () => {
  it('had stored what it acknowledged', async () => {
    const { apim } = await startTestAzure({ dataFile: join(directory, 'azure.sqlite') });
    await apim.product.createOrUpdate(GROUP, APIM, 'p1', { displayName: 'p1' });
    // The files as a kill at this moment would leave them, with the world still holding them open.
    const copy = mkdtempSync(join(tmpdir(), 'azure-copy-'));
    cpSync(directory, copy, { recursive: true });
    const after = await startTestAzure({ dataFile: join(copy, 'azure.sqlite'), ports: { identity: 0 } });
    expect(after.world.inventory().filter((id) => id.endsWith('/products/p1'))).toHaveLength(1);
    rmSync(copy, { recursive: true });
  });
});

describe('a restarted world', () => {
  it('keeps what was acknowledged and goes on with what was under way', async () => {
    const dataFile = join(directory, 'azure.sqlite');
    const before = await startTestAzure({ dataFile });
    await before.apim.product.createOrUpdate(GROUP, APIM, 'p1', { displayName: 'p1' });
    await before.vault.setSecret('key', 'one');
    await before.foundry.accounts.beginCreate(TEAMS, 'foundry-alpha', ACCOUNT);
    const { token } = await before.credential.getToken('https://management.azure.com/.default');
    const inventory = before.world.inventory();
    await before.world.close();

    const clock = explicitClock(before.clock.now() + 10_000);
    const after = await startTestAzure({ dataFile, clock });
    expect(after.world.inventory()).toEqual(inventory);
    expect((await after.vault.getSecret('key')).value).toBe('one');
    const state = async () => (await after.foundry.accounts.get(TEAMS, 'foundry-alpha')).properties?.provisioningState;
    expect(await state()).toBe('Creating');
    await clock.advance(20_000);
    expect(await state()).toBe('Succeeded');
    const kept = await after.arm(
      'GET',
      `/subscriptions/${RESOURCES.subscriptionId}/resourceGroups`,
      '2025-04-01',
      undefined,
      {
        authorization: `Bearer ${token}`,
      },
    );
    expect(kept.status).toBe(200);
  });

  it('catches up on what became due while it was away', async () => {
    const dataFile = join(directory, 'azure.sqlite');
    const before = await startTestAzure({ dataFile });
    await before.foundry.accounts.beginCreate(TEAMS, 'foundry-alpha', ACCOUNT);
    await before.world.close();
    const after = await startTestAzure({ dataFile, clock: explicitClock(before.clock.now() + 3_600_000) });
    const found = await after.foundry.accounts.get(TEAMS, 'foundry-alpha');
    expect(found.properties?.provisioningState).toBe('Succeeded');
  });

  it('does not bring back what was deleted, and adds what the file has gained', async () => {
    const dataFile = join(directory, 'azure.sqlite');
    const before = await startTestAzure({ dataFile });
    await before.apim.backend.delete(GROUP, APIM, 'foundry-backend', '*');
    await before.world.close();
    const product = {
      id: RESOURCES.resources[1]!.id.concat('/products/new'),
      body: { properties: { displayName: 'new' } },
    };
    const after = await startTestAzure({
      dataFile,
      resources: { ...RESOURCES, resources: [...RESOURCES.resources, product] },
    });
    expect(await refusal(after.apim.backend.get(GROUP, APIM, 'foundry-backend'))).toMatchObject({ statusCode: 404 });
    expect((await after.apim.product.get(GROUP, APIM, 'new')).displayName).toBe('new');
  });
});

describe('the whole world', () => {
  const topology = {
    UserConfig: {
      Namespaces: [{ Name: 'sbemulatorns', Queues: [{ Name: 'q', Properties: {} }], Topics: [] }],
      Logging: { Type: 'File' },
    },
    Cosmos: { Databases: [{ id: 'hai', containers: [{ id: 'access', partitionKey: { paths: ['/team'] } }] }] },
  };

  it('comes up in one directory and again on the same ports', async () => {
    const clock = explicitClock();
    const first = await startWorld({ clock, topology, resources: RESOURCES, dataDir: directory });
    const { ports } = first;
    await first.close();
    const second = await startWorld({ clock, topology, resources: RESOURCES, dataDir: directory, ports });
    expect(second.ports).toEqual(ports);
    expect(second.caPem).toBe(first.caPem);
    await second.close();
  });

  it('needs no Cosmos DB in its topology, as the official emulator has none', async () => {
    const { UserConfig } = topology;
    const world = await startWorld({ clock: explicitClock(), topology: { UserConfig }, resources: RESOURCES });
    await world.close();
  });

  it('says what is wrong with its files, and leaves nothing running', async () => {
    const clock = explicitClock();
    const noDatabases = { ...topology, Cosmos: {} };
    await expect(startWorld({ clock, topology: noDatabases, resources: RESOURCES })).rejects.toThrow('Cosmos');
    const resources = { ...RESOURCES, tenantId: 'x', resources: [{ id: '/nowhere', body: {} }] };
    await expect(startWorld({ clock, topology, resources })).rejects.toThrow(
      /tenantId: must be a GUID[\s\S]*resources\.0\.id/,
    );
    const misspelt = {
      ...RESOURCES,
      resources: [
        ...RESOURCES.resources,
        { id: `${RESOURCES.resources[1]!.id}/products/p`, body: { properties: { name: 'p' } } },
      ],
    };
    await expect(startWorld({ clock, topology, resources: misspelt })).rejects.toThrow(
      /resources\.\d+ .*products\/p\).*displayName/,
    );
    const vault = RESOURCES.resources.find(({ id }) => id.endsWith('/kv-hai'))!;
    const twoVaults = { ...RESOURCES, resources: [...RESOURCES.resources, { ...vault, id: `${vault.id}-2` }] };
    await expect(startWorld({ clock, topology, resources: twoVaults })).rejects.toThrow(/kv-hai-2.*one vault/);
  });
});

describe('the certificate authority', () => {
  it('is made once and kept for its owner only', () => {
    const made = loadTls(directory);
    expect(loadTls(directory)).toEqual(made);
    expect(statSync(join(directory, 'server.key')).mode & 0o077).toBe(0);
    rmSync(join(directory, 'server.pem'));
    expect(loadTls(directory).cert).not.toBe(made.cert);
  });
});
