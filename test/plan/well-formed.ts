/** What every plan must be, whatever it is a plan of. */
import { entryKey, type Spec } from '../../shared/model/ledger.js';
import { type Held, moves } from '../../shared/plan/moves.js';
import type { Stage } from '../../shared/plan/plan.js';
import { RESOURCES } from '../../shared/resources/index.js';
import type { Wanted } from '../../shared/resources/resource.js';
import { idsOf } from './toys.js';

export const stepsOf = (plan: readonly Stage[]): string[][][] =>
  plan.map((lanes) => lanes.map((lane) => lane.map(({ id }) => id)));

/** What a change writes, by stage and lane; checks left out. */
export const changesOf = (held: readonly Held[], plan: readonly Stage[]): string[][][] =>
  idsOf(
    moves(held, plan, RESOURCES)
      .map((lanes) =>
        lanes.map((lane) => lane.filter(({ verb }) => verb === 'make')).filter(({ length }) => length > 0),
      )
      .filter(({ length }) => length > 0),
  );

/** Titles of what a change takes away, in the order in which it does. */
export const removalsOf = (held: readonly Held[], plan: readonly Stage[]): string[] =>
  moves(held, plan, RESOURCES)
    .flat(2)
    .filter(({ verb }) => verb === 'remove')
    .map(({ title }) => title);

export const thingsOf = (plan: readonly Stage[]): (Wanted & { spec: Spec })[] =>
  plan.flat(2).filter((wanted): wanted is Wanted & { spec: Spec } => RESOURCES.resources.has(wanted.kind));

/** Full ids: of Resource Manager, of the vault, or hai's own. */
const FULL_ID =
  /^(\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/|https:\/\/[^/]+\/secrets\/|subjects\/[^/]+\/models\/)/;

/** Everything that is wrong with a plan; nothing, when it can be run. */
export function mistakesOf(plan: readonly Stage[], owner: string): string[] {
  const all = plan.flat(2);
  const ids = all.map(({ id }) => id);
  const keys = thingsOf(plan).map(({ kind, spec }) => entryKey(kind, spec.id));
  return [
    ...all.flatMap(specMistakes),
    ...all.filter(({ spec }) => spec.owner !== owner).map(({ id }) => `${id} is owned by somebody else`),
    ...repeated(ids).map((id) => `step ${id} stands twice`),
    ...repeated(keys).map((key) => `${key} stands twice`),
    ...plan.flatMap((lanes, index) => lanes.flatMap((lane) => parentMistakes(lane, plan.slice(0, index).flat(2)))),
  ];
}

function specMistakes({ id, kind, spec }: Wanted): string[] {
  const known = RESOURCES.resources.get(kind) ?? RESOURCES.checks.get(kind);
  if (!known) return [`${id} is of no kind`];
  const parsed = known.spec.safeParse(spec);
  if (!parsed.success) return [`${id}: ${parsed.error.message}`];
  const unknown = Object.keys(spec).filter((key) => !(key in parsed.data));
  return [
    ...unknown.map((key) => `${id} holds "${key}", which its kind does not know`),
    ...(FULL_ID.test((spec as Spec).id) ? [] : [`${id} has no full id`]),
  ];
}

/** What a thing stands under comes before it: in an earlier stage, or earlier in its lane. */
function parentMistakes(lane: readonly Wanted[], before: readonly Wanted[]): string[] {
  return lane.flatMap(({ id, kind, spec }, index) => {
    const parent = RESOURCES.resources.get(kind)?.parent?.(spec as Spec);
    if (!parent) return [];
    const isBefore = [...before, ...lane.slice(0, index)].some(
      (other) => other.kind === parent.kind && (other.spec as Spec).id === parent.id,
    );
    return isBefore ? [] : [`${id} comes before what it stands under`];
  });
}

const repeated = (values: readonly string[]): string[] => values.filter((one, index) => values.indexOf(one) !== index);
