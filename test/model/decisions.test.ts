import type { Placed } from '../../shared/model/line.js';
import { checkRequest, type TeamAccessRequest } from '../../shared/model/request.js';
import { decideJoin, type JoinDecision, type ModelDocument, memberOf } from '../../shared/model/shared-model.js';
import {
  type Decision,
  decideAccess,
  isAccessOpen,
  requestedTeam,
  type TeamDocument,
  type TeamPhase,
} from '../../shared/model/team.js';
import { catalog, guardrails, placed, request } from '../support/builders.js';

describe('a request for a team', () => {
  const newest = placed(3, { specHash: 'same' });
  const team = (more: { newest?: Placed; settled?: Placed }) => ({ queue: [], ...more }) as unknown as TeamDocument;
  const start: Decision = { kind: 'start' };

  it.each<[string, TeamDocument | undefined, boolean, Decision]>([
    ['is new', undefined, false, start],
    ['has nothing that did not fail', team({}), false, start],
    ['is being made so', team({ newest }), false, { kind: 'same', operationId: 'alpha_3' }],
    ['is being made so, and that is being stopped', team({ newest }), true, start],
    ['is so', team({ newest, settled: newest }), false, { kind: 'no-change', operationId: 'alpha_3' }],
    [
      'was so before and is being made so again',
      team({ newest, settled: placed(1, { specHash: 'same' }) }),
      false,
      { kind: 'same', operationId: 'alpha_3' },
    ],
    ['is being made otherwise', team({ newest: placed(4, { specHash: 'other' }), settled: newest }), false, start],
    ['is otherwise', team({ newest: placed(4, { specHash: 'other' }) }), false, start],
    ['is being removed', team({ newest: placed(4, { specHash: undefined }), settled: newest }), false, start],
  ])('is decided when the team %s', (_what, document, isStopped, decision) => {
    expect(decideAccess(document, 'same', isStopped)).toEqual(decision);
  });
});

describe('the document of a team that is asked for', () => {
  const checked = checkRequest(request('team-alpha'), catalog, guardrails);
  const document = (checked as { request: TeamAccessRequest }).request;
  const asked = (previous?: TeamDocument) =>
    requestedTeam(previous, document, { ...placed(7), specHash: 'hash' }, 'alpha', '2027-01-02T00:00:00.000Z');
  const former = (phase: TeamPhase, more: Partial<TeamDocument> = {}) =>
    ({ ...asked(), phase, generation: 6, createdAt: '2027-01-01T00:00:00.000Z', ...more }) as TeamDocument;
  const intent = { spec: document.spec, specHash: 'former' };

  it('begins with the request, one key, no holds and an empty line', () => {
    expect(asked()).toEqual({
      id: 'team',
      team: 'alpha',
      type: 'team',
      name: 'team-alpha',
      phase: 'Provisioning',
      generation: 7,
      spec: document.spec,
      specHash: 'hash',
      operationId: 'alpha_7',
      queue: [],
      keyGeneration: 1,
      holds: [],
      createdAt: '2027-01-02T00:00:00.000Z',
      lastUpdatedAt: '2027-01-02T00:00:00.000Z',
    });
  });

  it('keeps what the team has: its age, its intent, its keys, its holds and its line', () => {
    const hold = { kind: 'suspended' as const, by: 'somebody', reason: 'too much', since: '2027-01-01T00:00:00.000Z' };
    const kept = { keyGeneration: 4, holds: [hold], queue: [placed(6)], lane: placed(5), settled: placed(4), intent };
    expect(asked(former('Ready', kept))).toMatchObject({
      ...kept,
      createdAt: '2027-01-01T00:00:00.000Z',
      generation: 7,
    });
  });

  it.each<[string, TeamDocument, TeamPhase]>([
    ['is ready stays so', former('Ready', { intent }), 'Ready'],
    ['failed before is on its way', former('Failed'), 'Provisioning'],
    ['was held walks back first', former('Held'), 'Provisioning'],
    ['was held at a change still has what it had', former('Held', { intent }), 'Ready'],
    ['is stuck stays so until somebody decides', former('Stuck', { intent }), 'Stuck'],
  ])('says that a team that %s', (_what, previous, phase) => {
    expect(asked(previous).phase).toBe(phase);
  });
});

describe('the access of a team', () => {
  const hold = { kind: 'suspended' as const, by: 'somebody', reason: 'too much', since: '' };

  it.each([
    ['nothing speaks against it', { holds: [] }, true],
    ['somebody suspended it', { holds: [hold] }, false],
    ['two did, and one of them took it back', { holds: [hold] }, false],
    ['the team is ending', { holds: [], isEnding: true }, false],
  ])('is open or closed when %s', (_what, team, isOpen) => {
    expect(isAccessOpen(team)).toBe(isOpen);
  });
});

describe('joining a shared model', () => {
  /** As a store gives it back: a name of every object is a member like any other. */
  const model = (phase: ModelDocument['phase'], members = '{}') =>
    ({ phase, members: JSON.parse(members), generation: 2 }) as ModelDocument;
  const current = '{"alpha":{"generation":2,"since":""}}';
  const older = '{"alpha":{"generation":1,"since":""}}';

  it.each<[string, ModelDocument | undefined, JoinDecision]>([
    ['was never there', undefined, 'deploy'],
    ['is absent', model('Absent'), 'deploy'],
    ['failed before', model('Failed'), 'deploy'],
    ['failed before the team asked again', model('Failed', older), 'deploy'],
    ['failed under the team', model('Failed', current), 'member'],
    ['is being deployed', model('Deploying'), 'join'],
    ['is being deployed for the team', model('Deploying', current), 'member'],
    ['is ready', model('Ready'), 'join'],
    ['is ready and joined', model('Ready', current), 'member'],
    ['is ready and was joined at an earlier deployment', model('Ready', older), 'join'],
    ['is being retired', model('Retiring'), 'wait-for-retirement'],
    ['is being retired under the team', model('Retiring', current), 'wait-for-retirement'],
    ['is stuck', model('Stuck'), 'join'],
    ['is stuck under the team', model('Stuck', current), 'member'],
  ])('is decided when the model %s', (_what, document, decision) => {
    expect(decideJoin(document, 'alpha')).toBe(decision);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', '__proto__'])(
    'takes a team that is called like a property of every object: %s',
    (slug) => {
      expect(memberOf(model('Ready'), slug)).toBeUndefined();
      expect(decideJoin(model('Ready'), slug)).toBe('join');
      const joined = model('Ready', `{${JSON.stringify(slug)}:{"generation":2,"since":""}}`);
      expect(memberOf(joined, slug)).toEqual({ generation: 2, since: '' });
      expect(decideJoin(joined, slug)).toBe('member');
    },
  );
});
