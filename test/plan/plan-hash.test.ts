import fc from 'fast-check';
import { type Move, type Moves, moves, planHashOf } from '../../shared/plan/moves.js';
import { type Stage, stage } from '../../shared/plan/plan.js';
import { teamAccess } from '../../shared/plan/team-access.js';
import { RESOURCES, tableOf } from '../../shared/resources/index.js';
import { catalog, checked, GROUP, model, platform, request } from '../support/builders.js';
import { anyHeld, anyTarget, look, TOYS, toyCheck, toyKind, want } from './toys.js';

const withAll = (all: Moves, change: (move: Move) => Move): Moves =>
  all.map((lanes) => lanes.map((lane) => lane.map(change)));

describe('what an approval is bound to', () => {
  it('stays the same whatever the durations, titles, bounds and order of keys', () => {
    fc.assert(
      fc.property(anyHeld, anyTarget, fc.nat(), (held, target, n) => {
        const all = moves(held, target, TOYS);
        const patience = { usualSeconds: n, deadlineSeconds: n };
        const turned = withAll(all, ({ spec, ...move }) => ({
          spec: Object.fromEntries(Object.entries(spec).reverse()) as Move['spec'],
          ...move,
          title: `${n}`,
          patience,
          removal: patience,
          armWrites: n,
        }));
        expect(planHashOf(turned)).toBe(planHashOf(all));
      }),
    );
  });

  const target = [stage([want('disk a'), want('mount a')], [want('disk b')]), stage([look('proof')])];
  const [disk, mount, other] = [want('disk a'), want('mount a'), want('disk b')];

  it.each<[string, Stage[]]>([
    ['another limit', [stage([want('disk a', 2), mount], [other]), stage([look('proof')])]],
    ['another name', [stage([want('disk c'), mount], [other]), stage([look('proof')])]],
    ['another kind', [stage([want('mount b'), mount], [other]), stage([look('proof')])]],
    ['a thing less', [stage([disk], [other]), stage([look('proof')])]],
    ['a check less', [stage([disk, mount], [other])]],
    ['another order', [stage([mount, disk], [other]), stage([look('proof')])]],
    ['another lane', [stage([disk], [mount, other]), stage([look('proof')])]],
    ['another stage', [stage([disk, mount]), stage([other]), stage([look('proof')])]],
  ])('changes with %s', (_what, changed) => {
    expect(planHashOf(moves([], changed, TOYS))).not.toBe(planHashOf(moves([], target, TOYS)));
  });

  it('changes with the verb alone', () => {
    const one = [stage([want('disk a')])];
    const table = tableOf([toyKind('disk')], [toyCheck('look')]);
    const all = moves([], one, table);
    expect(planHashOf(withAll(all, (move) => ({ ...move, verb: 'remove' })))).not.toBe(planHashOf(all));
  });

  describe('for a team', () => {
    const hashOf = (spec: Record<string, unknown>) =>
      planHashOf(moves([], teamAccess(checked(request('team-alpha', spec)), catalog, platform), RESOURCES));
    const asked = (limits = {}) => ({ models: { foundry: { models: [model('gpt-4.1', limits)] } } });

    it('does not depend on who answers for it, nor on its reasons', () => {
      expect(hashOf({ ...asked(), justification: 'a', owner: 'a@contoso.com' })).toBe(
        hashOf({ ...asked(), justification: 'b', owner: 'b@contoso.com', failurePolicy: 'hold' }),
      );
    });

    it.each([
      ['a rate', asked({ tokensPerMinute: 9_999 })],
      ['a quota', asked({ dailyTokenQuota: 499_999 })],
      ['a model', { models: { foundry: { models: [model('gpt-5.2')] } } }],
      ['a member', { ...asked(), members: [GROUP] }],
      ['the cost centre', { ...asked(), costCenter: 'CC-2' }],
    ])('changes with %s', (_what, spec) => {
      expect(hashOf(spec)).not.toBe(hashOf(asked()));
    });
  });
});
