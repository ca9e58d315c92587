import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explicitClock } from '../../local/clock.js';
import { startCosmos } from '../../local/world/cosmos/index.js';
import { clientOf, DATABASE, startRig, TEAMS } from './cosmos-setup.js';

describe('the data file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cosmos-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('keeps items, ETags, expiry and the key over a restart', async () => {
    const dataFile = join(folder, 'cosmos.sqlite');
    const definition = { ...TEAMS, defaultTtl: -1 };
    const before = await startRig([definition], { dataFile });
    const { etag } = await before.container().items.create({ id: 'a', team: 'alpha' });
    await before.container().items.create({ id: 'b', team: 'alpha', ttl: 60 });
    const deleted = await before.container().items.create({ id: 'c', team: 'alpha' });
    await before.container().item('c', 'alpha').delete();
    await before.close();

    const after = await startRig([definition], { dataFile });
    expect(after.server.key).toBe(before.server.key);
    expect((await after.container().item('a', 'alpha').read()).etag).toBe(etag);
    const again = await after.container().items.create({ id: 'c', team: 'alpha' });
    expect(again.etag > deleted.etag).toBe(true);
    await after.clock.advance(60_000);
    expect((await after.container().item('b', 'alpha').read()).statusCode).toBe(404);
    await after.close();
  });

  it('holds every acknowledged write at the moment of the acknowledgement, as after a kill', async () => {
    const [lived, copied] = [join(folder, 'lived'), join(folder, 'copied')];
    mkdirSync(lived);
    const rig = await startRig([TEAMS], { dataFile: join(lived, 'cosmos.sqlite') });
    for (let index = 0; index < 20; index++) await rig.container().items.create({ id: `i${index}`, team: 'alpha' });
    const operations = ['x', 'y'].map((id) => ({
      operationType: 'Create' as const,
      resourceBody: { id, team: 'alpha' },
    }));
    await rig.container().items.batch(operations, 'alpha');
    cpSync(lived, copied, { recursive: true });
    await rig.close();

    const survivor = await startRig([TEAMS], { dataFile: join(copied, 'cosmos.sqlite') });
    const { resources } = await survivor.container().items.readAll().fetchAll();
    expect(resources).toHaveLength(22);
    await survivor.close();
  });

  it('takes over changed settings of a container, but refuses a changed partition key', async () => {
    const dataFile = join(folder, 'cosmos.sqlite');
    await (await startRig([TEAMS], { dataFile })).close();
    const changed = await startRig([{ ...TEAMS, defaultTtl: 5 }], { dataFile });
    expect((await changed.container().read()).resource!.defaultTtl).toBe(5);
    await changed.close();
    const databases = [{ id: DATABASE, containers: [{ ...TEAMS, partitionKey: { paths: ['/other'] } }] }];
    await expect(startCosmos({ clock: explicitClock(), databases, dataFile })).rejects.toThrow("can't be changed");
  });

  it('survives kill -9: every acknowledged batch is there as a whole, every other as a whole or not at all', async () => {
    const dataFile = join(folder, 'cosmos.sqlite');
    const databases = [{ id: DATABASE, containers: [TEAMS] }];
    const child = spawn(process.execPath, [join(__dirname, 'cosmos-child.cjs'), dataFile, JSON.stringify(databases)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const client = clientOf(JSON.parse(String(line)) as { endpoint: string; key: string });
    const items = client.database(DATABASE).container(TEAMS.id).items;
    const acknowledged: string[] = [];
    let isKilled = false;
    const writeUntilKilled = async (_: unknown, worker: number) => {
      for (let index = 0; !isKilled; index++) {
        const name = `${worker}-${index}`;
        const operations = ['left', 'right'].map((half) => ({
          operationType: 'Create' as const,
          resourceBody: { id: `${name}-${half}`, team: 'alpha', name },
        }));
        await items.batch(operations, 'alpha');
        acknowledged.push(name);
        if (acknowledged.length === 60) isKilled = child.kill('SIGKILL');
      }
    };
    await Promise.allSettled(Array.from({ length: 6 }, writeUntilKilled));
    client.dispose();

    const survivor = await startRig([TEAMS], { dataFile });
    const { resources } = await survivor
      .container()
      .items.query<{ name: string; n: number }>('SELECT c.name, COUNT(1) AS n FROM c GROUP BY c.name')
      .fetchAll();
    await survivor.close();
    const halves = new Map(resources.map(({ name, n }) => [name, n]));
    expect(acknowledged.length).toBeGreaterThanOrEqual(60);
    expect(acknowledged.filter((name) => halves.get(name) !== 2)).toEqual([]);
    expect([...halves.values()].filter((n) => n !== 2)).toEqual([]);
  });
});
