import { decideJoin, type ModelDocument } from '../../shared/model/shared-model.js';
import { decideAccess, type TeamDocument } from '../../shared/model/team.js';

const team = (phase: TeamDocument['phase'], specHash = 'same') =>
  ({ phase, specHash, generation: 3, operationId: 'alpha_1' }) as TeamDocument;

describe('a request for a team', () => {
  it.each([
    ['is new', undefined, { kind: 'start', generation: 1 }],
    ['failed before', team('Failed'), { kind: 'start', generation: 4 }],
    ['failed before with another specification', team('Failed', 'other'), { kind: 'start', generation: 4 }],
    ['is being made', team('Provisioning'), { kind: 'same', operationId: 'alpha_1' }],
    ['is ready', team('Ready'), { kind: 'no-change', operationId: 'alpha_1' }],
    ['is ready and differs', team('Ready', 'other'), { kind: 'refuse', problem: { code: 'change-not-available' } }],
    [
      'is being made and differs',
      team('Provisioning', 'other'),
      { kind: 'refuse', problem: { code: 'change-not-available' } },
    ],
    ['is stuck', team('Stuck'), { kind: 'refuse', problem: { code: 'operation-stuck' } }],
  ])('is decided when the team %s', (_what, document, decision) => {
    expect(decideAccess(document, 'team-alpha', 'same')).toMatchObject(decision);
  });
});

describe('joining a shared model', () => {
  const model = (phase: ModelDocument['phase'], members: Record<string, number> = {}) =>
    ({ phase, members, generation: 2 }) as ModelDocument;

  it.each([
    ['is absent', undefined, 'deploy'],
    ['failed before', model('Failed'), 'deploy'],
    ['is stuck', model('Stuck'), 'failed'],
    ['is being deployed', model('Deploying'), 'join'],
    ['is ready', model('Ready'), 'join'],
    ['is being deployed and joined', model('Deploying', { alpha: 2 }), 'wait'],
    ['is ready and joined', model('Ready', { alpha: 2 }), 'ready'],
    ['failed after the team joined', model('Failed', { alpha: 2 }), 'failed'],
  ])('is decided when the model %s', (_what, document, kind) => {
    expect(decideJoin(document, 'alpha').kind).toBe(kind);
  });
});
