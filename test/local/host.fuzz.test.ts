import { join } from 'node:path';
import type { DurableClient } from 'durable-functions';
import fc from 'fast-check';
import { explicitClock } from '../../local/clock.js';
import { type Host, startHost } from '../../local/host/index.js';
import type { Plan } from './apps/sample/fuzz.js';

const clock = explicitClock();
let host: Host;
let client: DurableClient;

beforeAll(async () => {
  let app: typeof import('./apps/sample/fuzz.js');
  host = await startHost({
    appRoot: join(__dirname, 'apps', 'sample'),
    clock,
    loadApp: () => {
      app = require('./apps/sample/fuzz.js');
    },
    log: () => {},
  });
  await fetch(`${host.url}/api/client`);
  client = app!.client;
});
afterAll(() => host.close());

const WEEK_MINUTES = 7 * 24 * 60;
const EVENT_NAMES = ['red', 'green'];

/** Inside a compound, retries succeed: a compound that has failed numbers differently in library and host, on Azure too. */
const { plan } = fc.letrec<{ plan: Plan; plans: Plan[] }>((tie) => ({
  plan: fc.oneof(
    { maxDepth: 3, depthSize: 'medium', withCrossShrink: true },
    fc.record({ kind: fc.constant('activity' as const), value: fc.nat(99) }),
    fc.record({ kind: fc.constant('retry' as const), key: fc.nat(), failures: fc.nat(2), attempts: fc.constant(3) }),
    fc.record({ kind: fc.constant('timer' as const), minutes: fc.integer({ min: -1, max: WEEK_MINUTES }) }),
    fc.record({ kind: fc.constant('entity' as const), key: fc.nat(3) }),
    fc.record({ kind: fc.constant('signal' as const), key: fc.nat(3) }),
    fc.record({ kind: fc.constant('event' as const), name: fc.constantFrom(...EVENT_NAMES) }),
    fc.record({ kind: fc.constantFrom('all' as const, 'any' as const), plans: tie('plans') as fc.Arbitrary<Plan[]> }),
    fc.record({ kind: fc.constant('sub' as const), plans: (tie('plans') as fc.Arbitrary<Plan[]>).map(withoutEvents) }),
  ) as fc.Arbitrary<Plan>,
  plans: fc.array(tie('plan') as fc.Arbitrary<Plan>, { minLength: 1, maxLength: 4 }) as fc.Arbitrary<Plan[]>,
}));
const failing = fc.record({
  kind: fc.constant('retry' as const),
  key: fc.nat(),
  failures: fc.constant(3),
  attempts: fc.integer({ min: 1, max: 3 }),
});

/** The test raises events for the top instance only. */
function withoutEvents(plans: Plan[]): Plan[] {
  return plans.map((one) => {
    if (one.kind === 'event') return { kind: 'activity', value: 1 };
    return 'plans' in one ? { ...one, plans: withoutEvents(one.plans) } : one;
  });
}

function eventsOf(plans: Plan[]): string[] {
  return plans.flatMap((one) => (one.kind === 'event' ? [one.name] : 'plans' in one ? eventsOf(one.plans) : []));
}

describe('random orchestrations with the real library', () => {
  it('complete, and every task gets its own result', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(plan, failing), { minLength: 1, maxLength: 5 }), async (plans) => {
        const id = await client.startNew('fuzz', { input: plans });
        for (const name of eventsOf(plans)) await client.raiseEvent(id, name, { event: name });
        const status = () => client.getStatus(id);
        await clock.runUntil(async () => (await status()).runtimeStatus !== 'Running', 400 * 24 * 3600_000);
        expect(await status()).toMatchObject({ runtimeStatus: 'Completed', output: [] });
      }),
      { numRuns: 150 },
    );
  });
});
