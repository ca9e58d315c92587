/** The executable model of the protocol (`test/engine-model`) has moves of its own: both must say the same of every ledger and plan. */
import fc from 'fast-check';
import { backwards, type Move, moves, specOf, verbOf } from '../../shared/plan/moves.js';
import { type Stage, stage } from '../../shared/plan/plan.js';
import { tableOf } from '../../shared/resources/index.js';
import { hold, look, type ToySpec, toyCheck, toyKind, want } from './toys.js';

interface Entry {
  spec: string;
  st: 'writing' | 'held' | 'foreign';
}
interface ModelMove {
  v: string;
  r: string;
  spec?: string;
}
type Start = Record<string, Entry | null>;

/** Names of the model, in its order of making; its `sub` is the subscription. */
const NAMES = ['prod', 'sub', 'role', 'mem', 'acct', 'pol'];
const TABLE = tableOf(
  [...NAMES, 'subscription'].map((kind) => toyKind(kind)),
  [toyCheck('look')],
);
const thingOf = (name: string) => (name === 'sub' ? 'subscription it' : `${name} it`);
const nameOf = (kind: string) => (kind === 'subscription' ? 'sub' : kind);

const anyStart: fc.Arbitrary<Start> = fc
  .tuple(
    ...NAMES.map(() =>
      fc.option(fc.record({ spec: fc.constantFrom('0', '1'), st: fc.constantFrom<Entry['st']>('held', 'writing') })),
    ),
  )
  .map((entries) => Object.fromEntries(NAMES.map((name, index) => [name, entries[index]!])));

/** Stages of lanes of [name, spec]. */
const anyStages: fc.Arbitrary<[string, string][][][]> = fc
  .tuple(fc.shuffledSubarray(NAMES), fc.array(fc.nat(5), { minLength: 6, maxLength: 6 }), fc.infiniteStream(fc.nat(1)))
  .map(([names, places, sizes]) => {
    const drawn = names.map((name) => [name, String(sizes.next().value)] as [string, string]);
    const lane = (place: number) => drawn.filter((_one, index) => places[index] === place);
    return [0, 1, 2].map((row) => [lane(2 * row), lane(2 * row + 1)].filter((all) => all.length > 0));
  });

const heldOf = (start: Start) =>
  NAMES.flatMap((name) => {
    const entry = start[name];
    return entry ? [hold(thingOf(name), Number(entry.spec), entry.st === 'writing')] : [];
  });

const planOf = (stages: [string, string][][][]): Stage[] => [
  ...stages.map((lanes) =>
    stage(...lanes.map((lane) => lane.map(([name, spec]) => want(thingOf(name), Number(spec))))),
  ),
  stage([look('proof')]),
];

/** Both as `make prod 1`; proofs are compared by their place. */
const ours = (all: Move[][][], direction: 'forward' | 'back') =>
  all.map((lanes) =>
    lanes.map((lane) =>
      lane.map((move) => {
        const verb = verbOf(move, direction);
        if (verb === 'check') return 'check';
        return `${verb} ${nameOf(move.kind)}${verb === 'make' ? ` ${(specOf(move, direction) as ToySpec).size}` : ''}`;
      }),
    ),
  );
const theirs = (all: ModelMove[][][]) =>
  all
    .map((lanes) =>
      lanes
        .map((lane) =>
          lane.map(({ v, r, spec }) =>
            v === 'prove' ? 'check' : v === 'state' ? `open ${r}` : v === 'make' ? `make ${r} ${spec}` : `${v} ${r}`,
          ),
        )
        .filter((lane) => lane.length > 0),
    )
    .filter((lanes) => lanes.length > 0);

const was = (entry: Entry | null) => (entry?.st === 'held' ? entry.spec : undefined);
const ends = fc.boolean();
const opens = fc.boolean();

describe('the moves of the engine and of its model', () => {
  // The model proves where there is an access and something was made; the plan of a team proves at every change.
  const isProven = (model: ModelMove[][][]) => model.flat(2).some(({ v }) => v === 'prove');
  let model: {
    moves(held: Start, stages: unknown, ends: boolean, was: unknown, opens: boolean): ModelMove[][][];
    stagesOf(operation: unknown): ModelMove[][][];
  };
  beforeAll(async () => {
    model = await import('../engine-model/model/state.mjs' as string);
  });

  it('are the same forward', () => {
    fc.assert(
      fc.property(anyStart, anyStages, ends, opens, (start, stages, isEnd, isOpened) => {
        const target = isEnd ? [] : stages;
        const expected = model.moves(start, target, isEnd, was, isOpened);
        const actual = moves(heldOf(start), isEnd ? [] : planOf(target), TABLE, { isEnd, opens: isOpened });
        const checked = ours(actual, 'forward').filter((lanes) => isProven(expected) || lanes[0]?.[0] !== 'check');
        expect(checked).toEqual(theirs(expected));
      }),
    );
  });

  it('are the same back', () => {
    fc.assert(
      fc.property(anyStart, anyStages, ends, opens, (start, stages, isEnd, isOpened) => {
        const target = isEnd ? [] : stages;
        const plan = { moves: model.moves(start, target, isEnd, was, isOpened), start };
        const all = moves(heldOf(start), planOf(target), TABLE, { isEnd, opens: isOpened });
        const back = backwards(all, () => true);
        expect(ours(back, 'back')).toEqual(theirs(model.stagesOf({ dir: 'b', plan })));
      }),
    );
  });
});
