/** Random plans for the orchestrator of `apps/fuzz`. */
import fc from 'fast-check';
import type { FuzzInput, Plan } from './apps/fuzz/app.js';

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
const failing: fc.Arbitrary<Plan> = fc.record({
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

/** Names of the events that an instance has to be sent, one for each waiter. */
export function eventsOf(plans: Plan[]): string[] {
  return plans.flatMap((one) => (one.kind === 'event' ? [one.name] : 'plans' in one ? eventsOf(one.plans) : []));
}

/** What only stands in the sequence of an instance: entities locked for a while, and a new generation that goes on with the rest. */
const sequential: fc.Arbitrary<Plan> = fc.oneof(
  fc.record({ kind: fc.constant('locked' as const), key: fc.nat(3) }),
  fc.constant({ kind: 'again' as const }),
);

export const fuzzInput: fc.Arbitrary<FuzzInput> = fc
  .array(fc.oneof({ weight: 4, arbitrary: plan }, failing, sequential), { minLength: 1, maxLength: 6 })
  .map((plans) => ({ plans, wrong: [], generation: 0 }));
