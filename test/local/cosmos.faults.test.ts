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
