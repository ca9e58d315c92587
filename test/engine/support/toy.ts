/**
 * Toy plans and kinds, so that the smallest operation that can break a rule is also the whole of it. A test file that uses them puts
 * `plans.ts` in the place of the real plans.
 */
import { type Stage, stage } from '../../../shared/plan/plan.js';
import { tableOf } from '../../../shared/resources/index.js';
import { modelMembership } from '../../../shared/resources/model-membership.js';
import { proof } from '../../../shared/resources/proof.js';
import type { Wanted } from '../../../shared/resources/resource.js';
import { subscription } from '../../../shared/resources/subscription.js';
import { Hai, SLUG, SUBSCRIPTION_ID, TEAM } from './hai.js';
import { plans } from './plans.js';
import type { Points } from './points.js';
import { ALL, IF_MATCH, NONE, toyCheck, toyKind, type World } from './world.js';

const toyKinds = (world: World) => [
  toyKind(world, 'policy', { compares: IF_MATCH }),
  toyKind(world, 'record', { compares: ALL }),
  toyKind(world, 'account', { compares: NONE }),
  toyKind(world, 'role', { compares: NONE, mayExistElsewhere: true }),
  toyKind(world, 'cluster', { compares: ALL, readySeconds: 60, leavesSeconds: 40, softDeletes: true }),
];
const table = (world: World, points: Points) =>
  tableOf([...toyKinds(world), subscription, modelMembership], [toyCheck(points, 'gate'), proof]);

type ToyKindName = 'policy' | 'record' | 'account' | 'role' | 'cluster';
export const idOf = (kind: ToyKindName): string => `toy/${kind}s/alpha`;

/** One thing of a kind; `size` is all that its spec says. */
export const thing = (kind: ToyKindName, size = 's', owner = TEAM): Wanted => ({
  id: kind,
  kind,
  spec: { id: idOf(kind), owner, size } as Wanted['spec'],
});
export const sub: Wanted = {
  id: 'subscription',
  kind: 'subscription',
  spec: { id: SUBSCRIPTION_ID, owner: TEAM, product: 'toy/products/product-alpha' } as Wanted['spec'],
};
export const membership = (model: string): Wanted => ({
  id: 'membership',
  kind: 'model-membership',
  spec: { id: `subjects/${SLUG}/models/${model}`, owner: TEAM, slug: SLUG } as Wanted['spec'],
});
/** Through the real check: the gateway answers, or, while a hold stands, refuses. */
export const proven: Wanted = {
  id: 'proof',
  kind: 'proof',
  spec: {
    id: 'https://toy/secrets/key',
    owner: TEAM,
    subject: SLUG,
    apis: [{ url: 'https://toy/openai/v1', models: ['toy'] }],
  } as Wanted['spec'],
};
export { stage };

/** A fresh hai with plans of these names; every other name is a plan of nothing. */
export function toy(named: Record<string, Stage[]>): Hai {
  plans.offered.clear();
  for (const [name, stages] of Object.entries(named)) plans.offered.set(name, stages);
  return new Hai(table);
}

/** A hai whose team has what a plan says. */
export async function toyWith(plan: string, named: Record<string, Stage[]>): Promise<Hai> {
  const hai = toy(named);
  const { phase, error } = await hai.finish(await hai.request(plan));
  if (phase !== 'succeeded') throw new Error(error?.detail);
  return hai;
}
