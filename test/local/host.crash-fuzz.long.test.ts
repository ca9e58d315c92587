import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { until } from '../support/until.js';
import { eventsOf, fuzzInput } from './fuzz-plans.js';
import { appFolder, postJson } from './host-fixture.js';
import { type HostChild, startHostChild, temporaryDirectory } from './host-process.js';

const DURABLE = 'runtime/webhooks/durabletask';
const INSTANCES = 60;
const KILLS = 4;
/** A week of a plan's timers passes in less than a second. */
const SPEED = 1_000_000;

const directory = temporaryDirectory();
const attemptsFolder = join(directory.path, 'attempts');
let child: HostChild | undefined;

beforeAll(() => {
  mkdirSync(attemptsFolder);
});
afterAll(() => {
  child?.kill('SIGKILL');
  directory.remove();
});

const start = async () => {
  const args = [appFolder('fuzz'), '--port', '0', '--data', directory.path, '--speed', `${SPEED}`];
  child = await startHostChild(args, { ATTEMPTS_FOLDER: attemptsFolder });
};
const api = (path: string) => `${child!.url}/${DURABLE}/${path}`;

/** Tries until it is acknowledged, over restarts of the host. 409: an earlier try had been stored before the host was killed. */
async function acknowledged(path: string, body: unknown): Promise<void> {
  const status = () =>
    postJson(api(path), body).then(
      (response) => response.status,
      () => 0,
    );
  await until(status, (code) => code === 202 || code === 409 || code === 410);
}

describe('random orchestrations on a host that is killed again and again', () => {
  it('all complete, and every task gets its own result', async () => {
    const seed = Number(process.env['FUZZ_SEED'] ?? fc.sample(fc.nat(), 1)[0]);
    console.log(`FUZZ_SEED=${seed}`);
    const inputs = fc.sample(fuzzInput, { seed, numRuns: INSTANCES });
    const pauses = fc.sample(fc.integer({ min: 20, max: 400 }), { seed, numRuns: KILLS });
    await start();
    const drive = async () => {
      for (const [index, input] of inputs.entries()) {
        await acknowledged(`orchestrators/fuzz/fuzz-${index}`, input);
        for (const name of eventsOf(input.plans))
          await acknowledged(`instances/fuzz-${index}/raiseEvent/${name}`, { event: name });
      }
    };
    const driven = drive();
    for (const pauseMs of pauses) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      child!.kill('SIGKILL');
      await child!.exited;
      await start();
    }
    await driven;
    for (const index of inputs.keys()) {
      const read = async () =>
        (await (await fetch(api(`instances/fuzz-${index}`))).json()) as { runtimeStatus: string; output: unknown };
      const { runtimeStatus, output } = await until(read, (status) => !/Running|Pending/.test(status.runtimeStatus));
      expect({ index, runtimeStatus, output }).toEqual({ index, runtimeStatus: 'Completed', output: [] });
    }
  });
});
