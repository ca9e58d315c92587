import { parse } from 'yaml';
import { ROLES } from '../../shared/model/roles.js';
import { heldAfter } from '../../shared/plan/moves.js';
import { teamAccess } from '../../shared/plan/team-access.js';
import { RESOURCES } from '../../shared/resources/index.js';
import { nameOf } from '../../shared/resources/names.js';
import { catalog, checked, GROUP, model, platform, request } from '../support/builders.js';
import { example } from '../support/documents.js';
import { mistakesOf, stepsOf, thingsOf } from './well-formed.js';

const planOf = (document: unknown, offered = catalog) => teamAccess(checked(document, offered), offered, platform);
const exampleOf = (name: string) => planOf(parse(example(name)));
const LONGEST = `team-${'a'.repeat(22)}`;

describe('the plan of a team', () => {
  it.each([
    [
      'team-alpha.yaml',
      [
        [
          ['gateway-ready', 'product', 'api-openai-api', 'subscription', 'key', 'key-reader-97f6b4df'],
          [
            'foundry-account',
            'foundry-project',
            'project-identity',
            'project-user-188a05a2',
            'account-reader-4b5fb4f0',
          ],
        ],
        [['product-policy'], ['connection-foundry']],
        [['proof']],
      ],
    ],
    [
      'team-alpha-older-form.yaml',
      [
        [
          ['gateway-ready', 'product', 'api-openai-api', 'subscription', 'key'],
          ['foundry-account', 'foundry-project', 'project-identity'],
        ],
        [['product-policy'], ['connection-foundry']],
        [['proof']],
      ],
    ],
    [
      'team-beta.yaml',
      [
        [
          ['gateway-ready', 'product', 'api-openai-api', 'api-kaito-api', 'subscription', 'key', 'key-reader-166def17'],
          [
            'foundry-account',
            'foundry-project',
            'project-identity',
            'project-user-3773776a',
            'account-reader-2c6d1bea',
          ],
          ['model-mistral-7b'],
        ],
        [['product-policy'], ['connection-foundry', 'connection-kaito']],
        [['proof']],
      ],
    ],
  ])('reads like the process: %s', (name, steps) => {
    expect(stepsOf(exampleOf(name))).toEqual(steps);
  });

  it('says what each step does', () => {
    const titles = heldAfter(exampleOf('team-beta.yaml'), RESOURCES).map(({ title }) => title);
    expect(titles).toEqual([
      'Create the product product-beta',
      'Add openai-api to the product',
      'Add kaito-api to the product',
      'Create the subscription sub-beta',
      'Store the key as apim-key-beta',
      'Let the members read the key (66666666)',
      'Create the Foundry account foundry-beta',
      'Create the project default',
      'Let the project use its account',
      'Let the members use the project (66666666)',
      'Let the members find the project (66666666)',
      'Join the shared model mistral-7b',
      'Set the allowed models and their token limits',
      'Connect the project to the gateway (apim-beta)',
      'Connect the project to the gateway (apim-beta-kaito)',
    ]);
  });

  it('names every resource in full, where it is', () => {
    const under = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups';
    const gateway = `${under}/rg-hai-demo/providers/Microsoft.ApiManagement/service/apim-hai-demo`;
    const account = `${under}/rg-hai-demo-teams/providers/Microsoft.CognitiveServices/accounts/foundry-beta`;
    const things = thingsOf(exampleOf('team-beta.yaml')).filter(({ kind }) => !kind.startsWith('role'));
    expect(Object.fromEntries(things.map(({ id, spec }) => [id, spec.id]))).toEqual({
      product: `${gateway}/products/product-beta`,
      'api-openai-api': `${gateway}/products/product-beta/apis/openai-api`,
      'api-kaito-api': `${gateway}/products/product-beta/apis/kaito-api`,
      subscription: `${gateway}/subscriptions/sub-beta`,
      key: 'https://kv-hai-demo.vault.azure.net/secrets/apim-key-beta',
      'foundry-account': account,
      'foundry-project': `${account}/projects/default`,
      'project-identity': expect.stringMatching(`^${account}/providers/Microsoft.Authorization/roleAssignments/`),
      'model-mistral-7b': 'subjects/beta/models/mistral-7b',
      'product-policy': `${gateway}/products/product-beta`,
      'connection-foundry': `${account}/projects/default/connections/apim-beta`,
      'connection-kaito': `${account}/projects/default/connections/apim-beta-kaito`,
    });
  });

  it('connects each provider to its own API, with its own models', () => {
    const specs = thingsOf(exampleOf('team-beta.yaml')).filter(({ kind }) => kind === 'foundry-connection');
    expect(specs.map(({ spec }) => spec)).toMatchObject([
      {
        target: 'https://apim-hai-demo.azure-api.net/openai/v1',
        models: [{ name: 'gpt-4.1', version: '2025-04-14', format: 'OpenAI' }],
      },
      {
        target: 'https://apim-hai-demo.azure-api.net/kaito/v1',
        models: [{ name: 'mistral-7b', version: '1', format: 'OpenAI' }],
      },
    ]);
  });

  it('gives each member exactly three roles, each on one thing of the team', () => {
    const grants = thingsOf(planOf(request('team-alpha', { members: [GROUP] }))).filter(
      ({ kind }) => kind === 'role-assignment',
    );
    const scopeOf = (id: string) => nameOf(id.slice(0, id.indexOf('/providers/Microsoft.Authorization')));
    expect(grants.map(({ spec }) => [scopeOf(spec.id), (spec as unknown as { roleId: string }).roleId])).toEqual([
      ['apim-key-alpha', ROLES.keyVaultSecretsUser],
      ['default', ROLES.foundryUser],
      ['foundry-alpha', ROLES.reader],
    ]);
  });

  it.each(['team-alpha.yaml', 'team-alpha-older-form.yaml', 'team-beta.yaml'])('can be run: %s', (name) => {
    expect(mistakesOf(exampleOf(name), checked(parse(example(name))).team)).toEqual([]);
  });

  it('is the same for the same request, however it is written', () => {
    const members = [GROUP, { type: 'User', objectId: 'AAAAAAAA-2222-3333-4444-555555555555' }];
    const models = [model('gpt-4.1'), model('gpt-5.2', { tokensPerMinute: 1 })];
    const kaito = { models: [model('phi-4'), model('mistral-7b')] };
    const one = planOf(request('team-alpha', { members, models: { foundry: { models }, kaito } }));
    const other = planOf(
      request('team-alpha', {
        models: { kaito: { models: [...kaito.models].reverse() }, foundry: { models: [...models].reverse() } },
        members: [{ objectId: members[1]!.objectId.toLowerCase(), type: 'User' }, GROUP],
        justification: 'for another reason',
        failurePolicy: 'hold',
      }),
    );
    expect(JSON.stringify(other)).toBe(JSON.stringify(one));
  });

  it.each([
    ['the shortest slug', 'team-a'],
    ['the longest slug', LONGEST],
  ])('keeps every name within what its service allows: %s', (_what, team) => {
    const plan = planOf(
      request(team, {
        members: [GROUP],
        models: { foundry: { models: [model('gpt-4.1')] }, kaito: { models: [model('phi-4')] } },
      }),
    );
    expect(mistakesOf(plan, team)).toEqual([]);
    const limits: Record<string, RegExp> = {
      product: /^[A-Za-z0-9-]{1,80}$/,
      subscription: /^[A-Za-z0-9-]{1,80}$/,
      'team-key': /^[A-Za-z0-9-]{1,127}$/,
      'foundry-account': /^[A-Za-z0-9][A-Za-z0-9._-]{1,63}$/,
      'foundry-project': /^[A-Za-z0-9][A-Za-z0-9._-]{1,63}$/,
      'foundry-connection': /^[A-Za-z0-9][A-Za-z0-9_-]{2,32}$/,
    };
    for (const { kind, spec } of thingsOf(plan)) if (limits[kind]) expect(nameOf(spec.id)).toMatch(limits[kind]);
    const account = thingsOf(plan).find(({ kind }) => kind === 'foundry-account')!.spec;
    expect((account as unknown as { subdomain: string }).subdomain).toMatch(/^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$/);
  });
});
