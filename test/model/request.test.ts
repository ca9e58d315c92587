import { checkRequest } from '../../shared/model/request.js';
import { catalog, GROUP, guardrails, model, request } from '../support/builders.js';

const check = (document: unknown) => checkRequest(document, catalog, guardrails);
const errorsOf = (document: unknown) => {
  const checked = check(document);
  return checked.ok ? [] : (checked.problem.errors ?? []).map(({ pointer, code }) => `${pointer} ${code}`);
};

describe('a TeamAccessRequest', () => {
  it('is taken with the limits of the first documents', () => {
    const models = {
      foundry: {
        models: [
          model('gpt-4.1', { tokensPerMinute: 10_000, dailyTokenQuota: 500_000 }),
          model('gpt-5.2', { tokensPerMinute: 40_000, dailyTokenQuota: 1_500_000 }),
        ],
      },
    };
    expect(check(request('team-alpha', { models }))).toMatchObject({ ok: true });
  });

  it('is taken in its older form, with the limits on every enabled Foundry model', () => {
    const limits = { tokensPerMinute: 50_000, dailyTokenQuota: 1_000_000 };
    const checked = check(request('team-alpha', { models: [{ type: 'azure-openai', limits }] }));
    expect(checked).toMatchObject({
      ok: true,
      request: {
        spec: {
          models: {
            foundry: {
              models: [
                { name: 'gpt-4.1', ...limits },
                { name: 'gpt-5.2', ...limits },
              ],
            },
          },
        },
      },
    });
  });

  it('means the same whatever the order of its lists, and whatever its justification', () => {
    const first = check(
      request('team-alpha', { models: { foundry: { models: [model('gpt-4.1'), model('gpt-5.2')] } } }),
    );
    const second = check(
      request('team-alpha', {
        justification: 'for another reason',
        members: [],
        models: { foundry: { models: [model('gpt-5.2'), model('gpt-4.1')] } },
      }),
    );
    expect(first.ok && second.ok && first.specHash === second.specHash).toBe(true);
  });

  it('means something else with another limit', () => {
    const first = check(request());
    const second = check(
      request('team-alpha', { models: { foundry: { models: [model('gpt-4.1', { tokensPerMinute: 1 })] } } }),
    );
    expect(first.ok && second.ok && first.specHash !== second.specHash).toBe(true);
  });

  it('is refused with every mistake at once', () => {
    const document = {
      ...request('Team_Alpha', {
        owner: 'nobody',
        surprise: true,
        members: [GROUP, { ...GROUP, objectId: GROUP.objectId.toUpperCase() }],
        models: {
          foundry: {
            models: [
              model('gpt-4.1', { tokensPerMinute: 60_000 }),
              model('gpt-4.1', { dailyTokenQuota: 0 }),
              model('gpt-4o-mini'),
              model('gpt-99', { tokensPerMinute: 1.5 }),
            ],
          },
          kaito: { models: [model('mistral-7b', { tokensPerMinute: 2_000, dailyTokenQuota: 1_000 })] },
        },
      }),
      extra: 1,
    };
    expect(errorsOf(document).sort()).toEqual(
      [
        '/extra unknown-key',
        '/metadata/name invalid-format',
        '/spec/owner invalid-format',
        '/spec/surprise unknown-key',
        '/spec/members/1/objectId duplicate',
        '/spec/models/foundry/models/0/tokensPerMinute above-guardrail',
        '/spec/models/foundry/models/1/name duplicate',
        '/spec/models/foundry/models/1/dailyTokenQuota out-of-range',
        '/spec/models/foundry/models/2/name model-disabled',
        '/spec/models/foundry/models/3/name model-not-in-catalog',
        '/spec/models/foundry/models/3/tokensPerMinute wrong-type',
      ].sort(),
    );
  });

  it.each([
    ['nothing', null, ' wrong-type'],
    ['a list', [], ' wrong-type'],
    ['no models at all', request('team-alpha', { models: {} }), '/spec/models no-models'],
    [
      'an empty model list',
      request('team-alpha', { models: { foundry: { models: [] } } }),
      '/spec/models/foundry/models out-of-range',
    ],
    ['no owner', request('team-alpha', { owner: undefined }), '/spec/owner missing'],
    [
      'a limit of zero',
      request('team-alpha', { models: { foundry: { models: [model('gpt-4.1', { tokensPerMinute: 0 })] } } }),
      '/spec/models/foundry/models/0/tokensPerMinute out-of-range',
    ],
    [
      'a limit beyond every counter',
      request('team-alpha', { models: { foundry: { models: [model('gpt-4.1', { dailyTokenQuota: 9e15 })] } } }),
      '/spec/models/foundry/models/0/dailyTokenQuota out-of-range',
    ],
    [
      'a model name that breaks XML',
      request('team-alpha', { models: { foundry: { models: [model('gpt"/><x')] } } }),
      '/spec/models/foundry/models/0/name invalid-format',
    ],
    ['a team name that breaks a URL', request('team-a/../b'), '/metadata/name invalid-format'],
    ['a team name that breaks DNS', request('team-a-'), '/metadata/name invalid-format'],
    ['a slug of 23 characters', request(`team-${'a'.repeat(23)}`), '/metadata/name invalid-format'],
    [
      'a control character in the justification',
      request('team-alpha', { justification: 'a\u0000b' }),
      '/spec/justification invalid-format',
    ],
  ])('is refused when it has %s', (_what, document, error) => {
    expect(errorsOf(document)).toContain(error);
  });

  it('names the limit that a guardrail sets', () => {
    const checked = check(
      request('team-alpha', { models: { foundry: { models: [model('gpt-4.1', { tokensPerMinute: 50_001 })] } } }),
    );
    expect(!checked.ok && checked.problem.errors?.[0]?.detail).toContain('50000');
  });

  it.each([
    ['a justification of several lines', { justification: 'first line\n\tsecond line\r\n' }],
    ['a guest of the directory as owner', { owner: 'lead_fabrikam.com#EXT#@contoso.onmicrosoft.com' }],
    ['an internationalized address', { owner: 'jörg@müller.example' }],
    [
      'a quota of a day below the tokens of one minute',
      { models: { foundry: { models: [model('gpt-4.1', { tokensPerMinute: 2_000, dailyTokenQuota: 1_000 })] } } },
    ],
  ])('may have %s', (_what, spec) => {
    expect(check(request('team-alpha', spec))).toMatchObject({ ok: true });
  });

  it('means the same whatever the case of its owner’s address', () => {
    const hashes = ['Alpha.Lead@Contoso.com', 'alpha.lead@contoso.com'].map((owner) => {
      const checked = check(request('team-alpha', { owner }));
      return checked.ok && checked.specHash;
    });
    expect(hashes[0]).toBe(hashes[1]);
  });
});
