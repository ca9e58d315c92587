import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { Agent } from 'node:https';
import { loadTls } from '../../local/tls.js';
import { clientOf, DATABASE, type Rig, startRig, statusOf, TEAMS } from './cosmos-setup.js';

describe('the account', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await startRig([TEAMS], { acceptTokens: true });
  });
  afterEach(async () => {
    await rig.close();
  });

  it('leads clients with endpoint discovery back to itself', async () => {
    const { resource } = await rig.client.getDatabaseAccount();
    expect(resource!.writableLocations).toEqual([{ name: 'Local', databaseAccountEndpoint: rig.server.endpoint }]);
    expect(await rig.client.getWriteEndpoint()).toBe(rig.server.endpoint);
  });

  it('refuses a wrong key and a request without one', async () => {
    const stranger = clientOf({ endpoint: rig.server.endpoint, key: Buffer.from('wrong').toString('base64') });
    expect(await statusOf(stranger.database(DATABASE).read())).toBe(401);
    stranger.dispose();
    expect((await fetch(rig.server.endpoint)).status).toBe(401);
  });

  it('accepts any token for items, but not to change databases and containers', async () => {
    const client = clientOf({
      endpoint: rig.server.endpoint,
      tokenProvider: async () => 'type=aad&ver=1.0&sig=some.jwt.token',
    });
    const { statusCode } = await client.database(DATABASE).container('teams').items.create({ id: 'a', team: 'alpha' });
    expect(statusCode).toBe(201);
    expect(await statusOf(client.databases.create({ id: 'new' }))).toBe(403);
    client.dispose();
  });

  it('refuses tokens unless told to accept them', async () => {
    const keyOnly = await startRig();
    const client = clientOf({ endpoint: keyOnly.server.endpoint, tokenProvider: async () => 'type=aad&ver=1.0&sig=x' });
    expect(await statusOf(client.database(DATABASE).read())).toBe(401);
    client.dispose();
    await keyOnly.close();
  });

  it('serves HTTPS, over which the SDK sends the tokens of a credential', async () => {
    const tls = loadTls();
    const secure = await startRig([TEAMS], { acceptTokens: true, tls });
    const client = clientOf({
      endpoint: secure.server.endpoint,
      aadCredentials: {
        getToken: async () => ({ token: 'some.jwt.token', expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
      },
      agent: new Agent({ ca: tls.caPem }),
    });
    const created = await client.database(DATABASE).container('teams').items.create({ id: 'a', team: 'alpha' });
    expect(created.statusCode).toBe(201);
    client.dispose();
    await secure.close();
  });

  it('creates what is missing, and lists, changes and deletes it', async () => {
    const { database } = await rig.client.databases.createIfNotExists({ id: 'other' });
    const definition = { id: 'c', partitionKey: { paths: ['/pk'] }, defaultTtl: 5 };
    const { container } = await database.containers.createIfNotExists(definition);
    await database.containers.createIfNotExists(definition);
    expect((await container.read()).resource).toMatchObject({
      id: 'c',
      defaultTtl: 5,
      partitionKey: { paths: ['/pk'], kind: 'Hash' },
    });
    expect(await statusOf(database.containers.create(definition))).toBe(409);
    expect((await database.containers.readAll().fetchAll()).resources.map(({ id }) => id)).toEqual(['c']);
    expect(await statusOf(container.replace({ id: 'c', partitionKey: { paths: ['/other'] } }))).toBe(400);
    await container.items.create({ id: 'a', pk: 1 });
    await container.delete();
    expect((await rig.client.databases.readAll().fetchAll()).resources.map(({ id }) => id)).toEqual([
      DATABASE,
      'other',
    ]);
    await database.delete();
    expect(await statusOf(database.read())).toBe(404);
  });

  it('says clearly what it leaves out', async () => {
    const { scripts } = rig.container();
    await expect(scripts.storedProcedure('p').execute('alpha')).rejects.toThrow("'sprocs' is not supported");
    await expect(rig.container().items.query('SELECT VALUE udf.f(c) FROM c').fetchAll()).rejects.toThrow(
      'not supported',
    );
    const triggered = rig.container().items.create({ id: 'a', team: 'alpha' }, { preTriggerInclude: ['t'] });
    await expect(triggered).rejects.toThrow('Triggers are not supported');
    // As in a serverless account: https://learn.microsoft.com/azure/cosmos-db/serverless
    await expect(rig.container().readOffer()).rejects.toThrow("'offers' is not supported");
  });
});

describe('the clock', () => {
  it('does not move while a request is being answered', async () => {
    const rig = await startRig([TEAMS], { acceptTokens: true });
    const start = rig.clock.now();
    const headers = {
      authorization: 'type=aad&ver=1.0&sig=token',
      'x-ms-documentdb-partitionkey': '["alpha"]',
      expect: '100-continue',
    };
    const outgoing = request(`${rig.server.endpoint}dbs/${DATABASE}/colls/teams/docs`, { method: 'POST', headers });
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    outgoing.flushHeaders();
    await once(outgoing, 'continue');
    const advanced = rig.clock.advance(60_000);
    // Long enough for an idle world to count as settled.
    for (let looks = 0; looks < 50; looks++) await new Promise((resolve) => setImmediate(resolve));
    outgoing.end(JSON.stringify({ id: 'a', team: 'alpha' }));
    const [response] = await answered;
    response.resume();
    await advanced;
    expect(response.statusCode).toBe(201);
    expect((await rig.container().item('a', 'alpha').read()).resource!['_ts']).toBe(start / 1_000);
    await rig.close();
  });
});
