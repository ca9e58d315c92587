import { clientOf, DATABASE, type Rig, startRig, statusOf } from './cosmos-setup.js';

describe('faults of the account', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await startRig();
  });
  afterEach(async () => {
    await rig.close();
  });

  it('throttles with a retry time, which the SDK obeys when its retries are on', async () => {
    rig.server.faults.throttleNext = 1;
    rig.server.faults.throttleRetryAfterMs = 7;
    const throttled = rig.container().items.create({ id: 'a', team: 'alpha' });
    await expect(throttled).rejects.toMatchObject({ code: 429, retryAfterInMs: 7, substatus: 3200 });
    rig.server.faults.throttleNext = 3;
    const patient = clientOf({
      endpoint: rig.server.endpoint,
      key: rig.server.key,
      connectionPolicy: {
        retryOptions: { maxRetryAttemptCount: 3, fixedRetryIntervalInMilliseconds: 0, maxWaitTimeInSeconds: 5 },
      },
    });
    const { statusCode } = await patient.database(DATABASE).container('teams').items.create({ id: 'a', team: 'alpha' });
    expect(statusCode).toBe(201);
    patient.dispose();
  });

  it('fails the requests it is told to, and no others', async () => {
    rig.server.faults.failNext = { count: 1, status: 449, operation: 'write', container: 'teams' };
    expect((await rig.container().item('a', 'alpha').read()).statusCode).toBe(404);
    expect(await statusOf(rig.container().items.create({ id: 'a', team: 'alpha' }))).toBe(449);
    expect((await rig.container().items.create({ id: 'a', team: 'alpha' })).statusCode).toBe(201);
  });

  it('fails them with several statuses in turn', async () => {
    rig.server.faults.failNext = { count: 5, status: [410, 449, 503] };
    const statuses = [];
    for (let call = 0; call < 6; call++)
      statuses.push(await statusOf(rig.container().items.upsert({ id: 'a', team: 'alpha' })));
    expect(statuses.slice(0, 5)).toEqual([410, 449, 503, 410, 449]);
  });

  it.each([
    [410, { substatus: 1002 }, 'read'],
    [449, { retryAfterMs: 20 }, 'write'],
    [429, { retryAfterMs: 1_500, substatus: 3200 }, 'query'],
    [503, {}, 'write'],
  ] as const)(
    'answers %i with %j for as long as it is told, and then no more: %s',
    async (status, details, operation) => {
      const { clock, container, server } = rig;
      const ask = {
        read: () => container().item('a', 'alpha').read(),
        write: () => container().items.upsert({ id: 'a', team: 'alpha' }),
        query: () => container().items.query('SELECT * FROM c', { partitionKey: 'alpha' }).fetchAll(),
      };
      server.faults.failNext = { status, ...details, operation, container: 'teams', forSeconds: 80 };
      const refused = ask[operation]().catch((error: unknown) => error);
      expect(await refused).toMatchObject({
        code: status,
        ...('substatus' in details ? { substatus: details.substatus } : {}),
        ...('retryAfterMs' in details ? { retryAfterInMs: details.retryAfterMs } : {}),
      });
      for (const other of Object.keys(ask) as (keyof typeof ask)[]) if (other !== operation) await ask[other]();
      await clock.advance(79_999);
      expect(await statusOf(ask[operation]())).toBe(status);
      await clock.advance(1);
      await ask[operation]();
    },
  );

  it('ends a window at a moment, or after a number of requests, whichever comes first', async () => {
    const { clock, container, server } = rig;
    const read = () => container().item('a', 'alpha').read();
    server.faults.failNext = { status: 449, untilMs: clock.now() + 5_000, count: 1 };
    expect(await statusOf(read())).toBe(449);
    expect((await read()).statusCode).toBe(404);
    server.faults.failNext = { status: 503, untilMs: clock.now() + 5_000 };
    await clock.advance(5_000);
    expect((await read()).statusCode).toBe(404);
  });

  it('fails without an end until it is taken away', async () => {
    const { clock, container, server } = rig;
    server.faults.failNext = { status: 410 };
    await clock.advance(86_400_000);
    expect(await statusOf(container().item('a', 'alpha').read())).toBe(410);
    delete server.faults.failNext;
    expect((await container().item('a', 'alpha').read()).statusCode).toBe(404);
  });

  it('can commit a write and lose the answer', async () => {
    const noDiscovery = clientOf({
      endpoint: rig.server.endpoint,
      key: rig.server.key,
      connectionPolicy: { enableEndpointDiscovery: false },
    });
    rig.server.faults.loseNextAnswers = 1;
    const lost = noDiscovery.database(DATABASE).container('teams').items.create({ id: 'a', team: 'alpha' });
    await expect(lost).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await rig.container().item('a', 'alpha').read()).statusCode).toBe(200);
    noDiscovery.dispose();
  });
});
