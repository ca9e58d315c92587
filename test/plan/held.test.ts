import fc from 'fast-check';
import { type EntryState, entryId, type LedgerEntry, type Spec } from '../../shared/model/ledger.js';
import { heldAfter, heldOf } from '../../shared/plan/moves.js';
import { anyTarget, keyOf, made, TOYS, want } from './toys.js';

const entry = (thing: string, state: EntryState, since: string, more: Partial<LedgerEntry> = {}): LedgerEntry => {
  const wanted = want(thing);
  const [key, spec] = [keyOf(wanted), wanted.spec as Spec];
  return {
    id: entryId(key),
    team: 'toys',
    type: 'ledger-entry',
    key,
    kind: wanted.kind,
    title: thing,
    state,
    spec,
    asked: spec,
    operationId: 'toys_1',
    since,
    place: 0,
    notes: {},
    ...more,
  };
};

describe('what a ledger holds', () => {
  it('stands in the order in which it was made', () => {
    const entries = [entry('disk a', 'held', '2027-01-03'), entry('disk b', 'held', '2027-01-01')];
    expect(heldOf(entries).map(({ title }) => title)).toEqual(['disk b', 'disk a']);
  });

  it('stands in one order, however its entries are read', () => {
    const all = ['disk a', 'disk b', 'mount a', 'mount b'].map((thing, place) =>
      entry(thing, 'held', '2027-01-01', { place }),
    );
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
        expect(heldOf(shuffled)).toEqual(heldOf(all));
      }),
    );
  });

  it.each<[EntryState, unknown[]]>([
    ['held', [{ isDoubted: false }]],
    ['foreign', [{ isDoubted: false }]],
    ['writing', [{ isDoubted: true }]],
    ['struck', []],
  ])('says of an entry that is %s whether it counts, and whether it is doubted', (state, held) => {
    expect(heldOf([entry('disk a', state, '2027-01-01')])).toMatchObject(held);
  });

  it('goes by the last answer, and by what was asked only where nothing was ever answered', () => {
    const [answered, asked] = [want('disk a', 1).spec as Spec, want('disk a', 2).spec as Spec];
    const specOf = (more: Partial<LedgerEntry>) => heldOf([entry('disk a', 'writing', '2027-01-01', more)])[0]!.spec;
    expect(specOf({ spec: answered, asked })).toEqual(answered);
    expect(specOf({ spec: undefined, asked })).toEqual(asked);
  });

  it('leaves the entries as they were read', () => {
    const entries = [entry('disk a', 'held', '2027-01-03'), entry('disk b', 'struck', '2027-01-01')];
    const before = structuredClone(entries);
    heldOf(entries);
    expect(entries).toEqual(before);
  });
});

describe('what a plan will leave', () => {
  it('is everything that it makes, in its order, and no check', () => {
    fc.assert(
      fc.property(anyTarget, (target) => {
        const held = heldAfter(target, TOYS);
        expect(held.map(({ key, spec }) => [key, spec])).toEqual(made(target).map((one) => [keyOf(one), one.spec]));
        expect(held.every(({ isDoubted }) => !isDoubted)).toBe(true);
      }),
    );
  });
});
