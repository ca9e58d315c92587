/** Toy kinds, and random ledgers and plans of them: what happens to a resource must not depend on what it is. */
import fc from 'fast-check';
import { z } from 'zod';
import { type Direction, entryKey, type Spec } from '../../shared/model/ledger.js';
import { QUICK, ready } from '../../shared/model/outcome.js';
import { type Held, type Move, type Moves, specOf, verbOf } from '../../shared/plan/moves.js';
import { type Stage, stage } from '../../shared/plan/plan.js';
import { tableOf } from '../../shared/resources/index.js';
import { type Check, type Kind, type Wanted, written } from '../../shared/resources/resource.js';

export interface ToySpec extends Spec {
  size: number;
}

const OWNER = 'team-toys';

export const toyKind = (kind: string, more: Partial<Kind<ToySpec>> = {}): Kind<ToySpec> => ({
  kind,
  spec: z.object({ id: z.string(), owner: z.string(), size: z.int() }),
  title: ({ id }) => `Make ${id}`,
  wanted: ({ size }) => ({ size }),
  read: async () => undefined,
  write: async () => written,
  remove: async () => 'removed',
  compares: { create: true, write: true, remove: true },
  patience: QUICK,
  removal: QUICK,
  armWrites: 1,
  ...more,
});

export const toyCheck = (kind: string): Check => ({
  kind,
  spec: z.object({ owner: z.string() }),
  title: () => 'Look',
  ready: async () => ready,
  patience: QUICK,
});

const KINDS = ['disk', 'mount', 'subscription'] as const;
export const TOYS = tableOf(
  KINDS.map((kind) => toyKind(kind)),
  [toyCheck('look')],
);

/** `disk a`: kind and name. */
export function want(thing: string, size = 1): Wanted {
  const [kind, name] = thing.split(' ') as [string, string];
  return { id: `${kind}-${name}`, kind, spec: { id: `/toys/${name}`, owner: OWNER, size } as Spec };
}

export const look = (name: string): Wanted => ({ id: `look-${name}`, kind: 'look', spec: { owner: OWNER } });

export const keyOf = ({ kind, spec }: Wanted): string => entryKey(kind, (spec as Spec).id);

export const hold = (thing: string, size = 1, isDoubted = false): Held => {
  const wanted = want(thing, size);
  return { key: keyOf(wanted), kind: wanted.kind, title: thing, spec: wanted.spec as Spec, isDoubted };
};

const thing = fc.constantFrom('disk a', 'disk b', 'disk c', 'mount a', 'mount b', 'mount c', 'subscription s');
const size = fc.nat(1);
const byThing = { selector: (one: { thing: string }) => one.thing, maxLength: 7 };

/** Any ledger, in any order of making. */
export const anyHeld: fc.Arbitrary<Held[]> = fc
  .uniqueArray(fc.record({ thing, size, isDoubted: fc.boolean() }), byThing)
  .map((all) => all.map((one) => hold(one.thing, one.size, one.isDoubted)));

/** Any plan of up to three stages of three lanes, with checks here and there, and mostly a proof at its end. */
export const anyTarget: fc.Arbitrary<Stage[]> = fc
  .record({
    things: fc.uniqueArray(fc.record({ thing, size, place: fc.nat(8) }), byThing),
    looks: fc.uniqueArray(fc.nat(8), { maxLength: 3 }),
    proof: fc.boolean(),
  })
  .map(({ things, looks, proof }) => {
    const lane = (place: number): Wanted[] => [
      ...things.filter((one) => one.place === place).map((one) => want(one.thing, one.size)),
      ...(looks.includes(place) ? [look(String(place))] : []),
    ];
    const stages = [0, 1, 2].map((row) => stage(lane(3 * row), lane(3 * row + 1), lane(3 * row + 2)));
    return [...stages, stage(proof ? [look('proof')] : [])].filter((lanes) => lanes.length > 0);
  });

export const flat = (moves: Moves): Move[] => moves.flat(2);
export const idsOf = (moves: Moves): string[][][] =>
  moves.map((lanes) => lanes.map((lane) => lane.map(({ id }) => id)));
export const made = (target: readonly Stage[]): Wanted[] => target.flat(2).filter(({ kind }) => kind !== 'look');

/** What is there, by key; plain, so that two can be compared whatever their order. */
export type Things = Record<string, Spec>;
export const thingsHeld = (held: readonly Held[]): Things =>
  Object.fromEntries(held.map(({ key, spec }) => [key, spec]));
export const thingsWanted = (target: readonly Stage[]): Things =>
  Object.fromEntries(made(target).map((wanted) => [keyOf(wanted), wanted.spec as Spec]));

/** What is there after the moves were made in a direction. */
export function after(things: Things, moves: readonly Move[], direction: Direction): Things {
  const left = { ...things };
  for (const move of moves) {
    const verb = verbOf(move, direction);
    if (verb === 'make') left[move.key] = specOf(move, direction);
    if (verb === 'remove') delete left[move.key];
  }
  return left;
}
