import fc from 'fast-check';
import { backwards, type Move, type Moves, moves, specOf, type Verb, verbOf } from '../../shared/plan/moves.js';
import { stage } from '../../shared/plan/plan.js';
import { after, anyHeld, anyTarget, flat, hold, idsOf, keyOf, look, TOYS, thingsHeld, want } from './toys.js';

const always = () => true;

/** Part of a way: whole stages, then some steps of each lane of the next. */
function partOf(all: Moves, cut: { stage: number; steps: number[] }): Move[] {
  const whole = all.slice(0, cut.stage);
  const broken = (all[cut.stage] ?? []).map((lane, index) => lane.slice(0, cut.steps[index % cut.steps.length]));
  return [...flat(whole), ...broken.flat()];
}
const anyCut = fc.record({ stage: fc.nat(8), steps: fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }) });

describe('the way back', () => {
  it('restores exactly the start, wherever the way forward stopped', () => {
    fc.assert(
      fc.property(anyHeld, anyTarget, anyCut, (held, target, cut) => {
        const start = thingsHeld(held);
        const all = moves(held, target, TOYS);
        const stopped = after(start, partOf(all, cut), 'forward');
        const back = backwards(all, (key) => key in stopped);
        expect(after(stopped, flat(back), 'back')).toEqual(start);
      }),
    );
  });

  it('restores it again when it is gone twice', () => {
    fc.assert(
      fc.property(anyHeld, anyTarget, (held, target) => {
        const all = moves(held, target, TOYS);
        const back = flat(backwards(all, always));
        const once = after(after(thingsHeld(held), flat(all), 'forward'), back, 'back');
        expect(after(once, back, 'back')).toEqual(once);
      }),
    );
  });

  it('is the same list from the end, without checks', () => {
    fc.assert(
      fc.property(anyHeld, anyTarget, (held, target) => {
        const all = moves(held, target, TOYS);
        const expected = [...all]
          .reverse()
          .map((lanes) => lanes.map((lane) => lane.filter(({ verb }) => verb !== 'check').reverse()))
          .map((lanes) => lanes.filter((lane) => lane.length > 0))
          .filter((lanes) => lanes.length > 0);
        expect(backwards(all, always)).toEqual(expected);
      }),
    );
  });

  it('leaves out what never entered the ledger, and keeps what had been held', () => {
    const all = moves(
      [hold('disk a', 1), hold('mount a')],
      [stage([want('disk a', 2), want('disk b'), want('disk c')]), stage([look('proof')])],
      TOYS,
    );
    const entered = new Set([keyOf(want('disk b'))]);
    expect(idsOf(backwards(all, (key) => entered.has(key)))).toEqual([
      [[`remove-${keyOf(want('mount a'))}`]],
      [['disk-b', 'disk-a']],
    ]);
  });

  it('opens last what the end of a subject closed first', () => {
    const all = moves([hold('subscription s'), hold('disk a')], [], TOYS, { isEnd: true });
    expect(flat(backwards(all, always)).map((move) => verbOf(move, 'back'))).toEqual(['make', 'make', 'open']);
  });

  it('closes first what was opened, and only where it was made', () => {
    const target = [stage([want('subscription s')]), stage([look('proof')])];
    const all = moves([], target, TOYS, { opens: true });
    expect(flat(backwards(all, always)).map((move) => verbOf(move, 'back'))).toEqual(['close', 'remove']);
    expect(backwards(all, () => false)).toEqual([]);
  });
});

describe('what a move means', () => {
  const [old, wanted] = [want('disk a', 1).spec, want('disk a', 2).spec];
  const move = (verb: Verb, former?: typeof old) => ({ verb, spec: wanted, former }) as Move;

  it.each<[string, Move, Verb, number, Verb, number]>([
    ['makes something new', move('make'), 'make', 2, 'remove', 2],
    ['changes something', move('make', old), 'make', 2, 'make', 1],
    ['removes something', { ...move('remove', old), spec: old }, 'remove', 1, 'make', 1],
    ['closes the access', move('close', old), 'close', 2, 'open', 2],
    ['opens the access', move('open', old), 'open', 2, 'close', 2],
  ])('in either direction when it %s', (_what, one, forward, forwardSize, back, backSize) => {
    expect([verbOf(one, 'forward'), specOf(one, 'forward')]).toMatchObject([forward, { size: forwardSize }]);
    expect([verbOf(one, 'back'), specOf(one, 'back')]).toMatchObject([back, { size: backSize }]);
  });
});
