import { type DurableApp, postJson, startDurableApp } from './host-fixture.js';

let app: DurableApp;
let sample: typeof import('./apps/rewind/app.js');

beforeAll(async () => {
  app = await startDurableApp('rewind', () => {
    sample = require('./apps/rewind/app.js');
  });
});
afterAll(() => app.host.close());
beforeEach(() => {
  sample.calls.length = 0;
  sample.broken.clear();
});

/** Lets the orchestrator fail because of the broken activities, mends them, and rewinds it. */
async function failThenRewind(orchestrator: string, ...broken: string[]): Promise<string> {
  for (const name of broken) sample.broken.add(name);
  const id = await app.start(orchestrator);
  await app.clock.advance(3600_000);
  expect((await app.client.getStatus(id)).runtimeStatus).toBe('Failed');
  sample.broken.clear();
  sample.calls.length = 0;
  await app.client.rewind(id, 'mended');
  await app.clock.settle();
  return id;
}

const statusOf = (id: string) => app.client.getStatus(id);

describe('a rewind', () => {
  it('repeats the activity that failed, and only that', async () => {
    const id = await failThenRewind('chain', 'second');
    expect(await statusOf(id)).toMatchObject({ runtimeStatus: 'Completed', output: ['first', 'second'] });
    expect(sample.calls).toEqual(['second']);
  });

  it('rewinds the sub-orchestration that failed', async () => {
    const id = await failThenRewind('parent', 'second');
    expect((await statusOf(id)).output).toEqual(['first', 'second']);
    expect((await statusOf(`${id}-child`)).runtimeStatus).toBe('Completed');
    expect(sample.calls).toEqual(['second']);
  });

  it('repeats the last attempt of a retry, with no attempts after it', async () => {
    const id = await failThenRewind('retrying', 'second');
    expect((await statusOf(id)).output).toBe('second');
    expect(sample.calls).toEqual(['second']);
  });

  it('repeats every failed one of parallel activities', async () => {
    const id = await failThenRewind('parallel', 'first', 'third');
    expect((await statusOf(id)).output).toEqual(['first', 'second', 'third']);
    expect(sample.calls.toSorted()).toEqual(['first', 'third']);
  });

  it('leaves a failure alone that the orchestrator has dealt with', async () => {
    const id = await failThenRewind('handled', 'first', 'second');
    expect((await statusOf(id)).output).toBe('second');
    expect(sample.calls).toEqual(['second']);
  });

  it('that fails again can be rewound again', async () => {
    sample.broken.add('second');
    const id = await app.start('chain');
    await app.client.rewind(id, 'not mended yet');
    await app.clock.settle();
    expect((await statusOf(id)).runtimeStatus).toBe('Failed');
    sample.broken.clear();
    await app.client.rewind(id, 'mended');
    await app.clock.settle();
    expect((await statusOf(id)).output).toEqual(['first', 'second']);
    expect(sample.calls).toEqual(['first', 'second', 'second', 'second']);
  });

  it('is only for failed instances', async () => {
    const id = await app.start('chain');
    expect((await postJson(app.api(`instances/${id}/rewind`))).status).toBe(410);
    await expect(app.client.rewind('unknown', 'why not')).rejects.toThrow("No instance with id 'unknown'");
    const retrying = await failToStart();
    expect((await postJson(app.api(`instances/${retrying}/rewind`))).status).toBe(412);
  });
});

/** An instance that waits for its second attempt. */
async function failToStart(): Promise<string> {
  sample.broken.add('second');
  return app.start('retrying');
}

describe('a restart', () => {
  const restart = async (id: string, query = '') => {
    const response = await postJson(app.api(`instances/${id}/restart${query}`));
    await app.clock.settle();
    const body = response.ok ? ((await response.json()) as { id: string }) : { id: '' };
    return { status: response.status, body };
  };

  it('starts the same orchestrator with the same input under a new id', async () => {
    const id = await app.start('chain', { for: 'a restart' });
    const { status, body } = await restart(id);
    expect(status).toBe(202);
    expect(body.id).not.toBe(id);
    expect(await statusOf(body.id)).toMatchObject({
      name: 'chain',
      input: { for: 'a restart' },
      output: ['first', 'second'],
    });
  });

  it('can keep the id, if the instance has ended', async () => {
    const id = await app.start('chain');
    expect(await restart(id, '?restartWithNewInstanceId=false')).toMatchObject({ status: 202, body: { id } });
    expect(sample.calls).toEqual(['first', 'second', 'first', 'second']);
    const running = await failToStart();
    expect((await restart(running, '?restartWithNewInstanceId=false')).status).toBe(409);
  });
});
