import fc from 'fast-check';
import { type Held, heldAfter, isSameSpec, type Move, moves } from '../../shared/plan/moves.js';
import { stage } from '../../shared/plan/plan.js';
import { tableOf } from '../../shared/resources/index.js';
import {
  after,
  anyHeld,
  anyTarget,
  flat,
  hold,
  idsOf,
  keyOf,
  look,
  TOYS,
  thingsHeld,
  thingsWanted,
  toyKind,
  want,
} from './toys.js';

const verbsOf = (all: readonly Move[]) => all.map(({ verb, id }) => `${verb} ${id}`);

describe('the moves from any ledger to any plan', () => {
  /** Holds for every ledger and every plan. */
  const always = (holds: (held: Held[], target: ReturnType<typeof stage>[], all: Move[]) => void) =>
    fc.assert(fc.property(anyHeld, anyTarget, (held, target) => holds(held, target, flat(moves(held, target, TOYS)))));

  it('leave exactly what is wanted', () =>
    always((held, target, all) => {
      expect(after(thingsHeld(held), all, 'forward')).toEqual(thingsWanted(target));
    }));

  it('leave alone what is held as it is wanted, and nothing else', () =>
    always((held, target, all) => {
      const wanted = thingsWanted(target);
      const isAsWanted = ({ key, spec, isDoubted }: Held) =>
        !isDoubted && key in wanted && isSameSpec(spec, wanted[key]);
      const touched = new Set(all.map(({ key }) => key));
      for (const one of held) expect(touched.has(one.key)).toBe(!isAsWanted(one));
      for (const key of Object.keys(wanted))
        expect(touched.has(key)).toBe(!held.some((one) => one.key === key && isAsWanted(one)));
    }));

  it('make everything before they remove anything', () =>
    always((_held, _target, all) => {
      const firstRemoval = all.findIndex(({ verb }) => verb === 'remove');
      if (firstRemoval >= 0) expect(all.slice(firstRemoval).every(({ verb }) => verb === 'remove')).toBe(true);
    }));

  it('make and look in the order of the plan, stage by stage and lane by lane', () => {
    fc.assert(
      fc.property(anyHeld, anyTarget, (held, target) => {
        const all = moves(held, target, TOYS).filter((lanes) => lanes[0]![0]!.verb !== 'remove');
        const kept = new Set(flat(all).map(({ id }) => id));
        const expected = target
          .map((lanes) => lanes.map((lane) => lane.map(({ id }) => id).filter((id) => kept.has(id))))
          .map((lanes) => lanes.filter((lane) => lane.length > 0))
          .filter((lanes) => lanes.length > 0);
        expect(idsOf(all)).toEqual(expected);
      }),
    );
  });

  it('remove one after another, what came last first', () => {
    fc.assert(
      fc.property(anyHeld, anyTarget, (held, target) => {
        const removals = moves(held, target, TOYS).filter((lanes) =>
          lanes.flat().some(({ verb }) => verb === 'remove'),
        );
        const leaving = held.filter(({ key }) => !(key in thingsWanted(target))).map(({ key }) => key);
        expect(removals.map((lanes) => lanes.map((lane) => lane.map(({ key }) => key)))).toEqual(
          leaving.reverse().map((key) => [[key]]),
        );
      }),
    );
  });

  it('keep every check when anything is written, and are none at all otherwise', () =>
    always((_held, target, all) => {
      const looks = target.flat(2).filter(({ kind }) => kind === 'look').length;
      const writes = all.filter(({ verb }) => verb !== 'check').length;
      expect(all.filter(({ verb }) => verb === 'check')).toHaveLength(writes > 0 ? looks : 0);
    }));

  it('know of each thing what it was, when it was held', () =>
    always((held, _target, all) => {
      for (const { key, former } of all) expect(former).toEqual(held.find((one) => one.key === key)?.spec);
    }));

  it('number their steps as they are read, each with an id of its own', () =>
    always((_held, _target, all) => {
      expect(all.map(({ index }) => index)).toEqual([...all.keys()]);
      expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    }));

  it('are none from what a plan leaves to the same plan', () => {
    fc.assert(
      fc.property(anyTarget, (target) => {
        expect(moves(heldAfter(target, TOYS), target, TOYS)).toEqual([]);
      }),
    );
  });
});

describe('a doubted thing', () => {
  it('is made again although its spec is the wanted one', () => {
    const all = moves([hold('disk a', 1, true), hold('disk b')], [stage([want('disk a'), want('disk b')])], TOYS);
    expect(verbsOf(flat(all))).toEqual(['make disk-a']);
  });

  it('is removed like any other when it is not wanted', () => {
    expect(flat(moves([hold('disk a', 1, true)], [], TOYS))).toMatchObject([
      { verb: 'remove', key: keyOf(want('disk a')) },
    ]);
  });
});

describe('the end of a subject', () => {
  const held = [hold('disk a'), hold('subscription s'), hold('mount a')];

  it('closes the access before anything is removed', () => {
    expect(flat(moves(held, [], TOYS, { isEnd: true })).map(({ verb, title }) => `${verb}: ${title}`)).toEqual([
      'close: Close the access',
      'remove: Remove: mount a',
      'remove: Remove: subscription s',
      'remove: Remove: disk a',
    ]);
  });

  it('closes nothing where there is no access', () => {
    expect(verbsOf(flat(moves([hold('disk a')], [], TOYS, { isEnd: true })))).toHaveLength(1);
    expect(moves([], [], TOYS, { isEnd: true })).toEqual([]);
  });
});

describe('the first request after an abandoned removal', () => {
  const target = [stage([want('subscription s')]), stage([want('mount a', 2)]), stage([look('proof')])];

  it.each([
    ['the subscription was left', [hold('disk a'), hold('subscription s')], ['make mount-a']],
    ['the subscription was removed', [hold('disk a')], ['make subscription-s', 'make mount-a']],
    ['only the access is closed', [hold('disk a'), hold('subscription s'), hold('mount a', 2)], []],
  ])('opens the access when all stands, and proves it before it removes: %s', (_what, held, makes) => {
    const all = flat(moves(held, target, TOYS, { opens: true }));
    expect(verbsOf(all)).toEqual([
      ...makes,
      'open open-access',
      'check look-proof',
      `remove remove-${keyOf(want('disk a'))}`,
    ]);
  });

  it('opens and proves where nothing else is to be done', () => {
    const held = [hold('subscription s'), hold('mount a', 2)];
    expect(verbsOf(flat(moves(held, target, TOYS, { opens: true })))).toEqual(['open open-access', 'check look-proof']);
  });

  it('opens with the spec that is wanted now', () => {
    const wider = [stage([want('subscription s', 2)])];
    const open = flat(moves([hold('subscription s', 1)], wider, TOYS, { opens: true })).at(-1);
    expect(open).toMatchObject({ verb: 'open', key: keyOf(want('subscription s')), spec: { size: 2 } });
  });

  it('opens nothing where no access is wanted', () => {
    expect(moves([], [stage([want('disk a')])], TOYS, { opens: true }).flat(2)).toHaveLength(1);
  });
});

describe('a step', () => {
  it('is frozen with title, patience and writes, and a removal has a patience of its own', () => {
    const slow = { usualSeconds: 60, deadlineSeconds: 600 };
    const table = tableOf([toyKind('disk', { removal: slow, armWrites: 3 })], []);
    const [makes] = flat(moves([], [stage([want('disk a')])], table));
    const [removes] = flat(moves([hold('disk a')], [], table));
    expect(makes).toMatchObject({
      title: 'Make /toys/a',
      patience: { deadlineSeconds: 900 },
      removal: slow,
      armWrites: 3,
    });
    expect(removes).toMatchObject({ title: 'Remove: disk a', patience: slow, armWrites: 0 });
  });

  it('cannot be of a kind that is not in the table, wanted or held', () => {
    expect(() => moves([], [stage([want('ghost a')])], TOYS)).toThrow('no kind "ghost"');
    expect(() => moves([hold('ghost a')], [], TOYS)).toThrow('no kind "ghost"');
  });
});
