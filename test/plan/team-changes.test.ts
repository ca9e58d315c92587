/** What a change of a team's request means: the steps between one plan and the next. */
import { type Held, heldAfter, moves } from '../../shared/plan/moves.js';
import { teamAccess } from '../../shared/plan/team-access.js';
import { RESOURCES } from '../../shared/resources/index.js';
import { catalog, checked, GROUP, model, platform, request } from '../support/builders.js';
import { changesOf, mistakesOf, removalsOf, thingsOf } from './well-formed.js';

const planOf = (spec: Record<string, unknown>, keyGeneration = 1, on = platform) =>
  teamAccess(checked(request('team-alpha', spec), catalog, keyGeneration), catalog, on);
const foundry = (...models: unknown[]) => ({ foundry: { models } });
const kaito = (...models: unknown[]) => ({ kaito: { models } });

const first = { members: [GROUP], models: foundry(model('gpt-4.1')) };
const both = { ...first, models: { ...first.models, ...kaito(model('mistral-7b')) } };
const heldFor = (spec: Record<string, unknown>): Held[] => heldAfter(planOf(spec), RESOURCES);

describe('a change of what a team asks for', () => {
  it('writes the policy alone for another limit', () => {
    const wider = { ...first, models: foundry(model('gpt-4.1', { tokensPerMinute: 1 })) };
    expect(changesOf(heldFor(first), planOf(wider))).toEqual([[['product-policy']]]);
  });

  it('looks at the gateway before, and proves the access after', () => {
    const wider = { ...first, models: foundry(model('gpt-4.1', { tokensPerMinute: 1 })) };
    const all = moves(heldFor(first), planOf(wider), RESOURCES);
    expect(all.map((lanes) => lanes[0]![0]!.id)).toEqual(['gateway-ready', 'product-policy', 'proof']);
  });

  it('adds what a shared model needs, and takes the same away again', () => {
    expect(changesOf(heldFor(first), planOf(both))).toEqual([
      [['api-kaito-api'], ['model-mistral-7b']],
      [['product-policy'], ['connection-kaito']],
    ]);
    expect(changesOf(heldFor(both), planOf(first))).toEqual([[['product-policy']]]);
    expect(removalsOf(heldFor(both), planOf(first))).toEqual([
      'Remove: Connect the project to the gateway (apim-alpha-kaito)',
      'Remove: Join the shared model mistral-7b',
      'Remove: Add kaito-api to the product',
    ]);
  });

  it('gives a member its three roles, and takes them', () => {
    const alone = { models: first.models };
    expect(changesOf(heldFor(alone), planOf(first)).flat()).toEqual([
      [expect.stringMatching(/^key-reader-/)],
      [expect.stringMatching(/^project-user-/), expect.stringMatching(/^account-reader-/)],
    ]);
    expect(removalsOf(heldFor(first), planOf(alone))).toHaveLength(3);
  });

  it('stores a renewed key, and gives it to the connections', () => {
    expect(changesOf(heldFor(both), planOf(both, 2))).toEqual([
      [['key']],
      [['connection-foundry', 'connection-kaito']],
    ]);
  });

  it('makes all anew where the platform has moved, then removes what is at the old place', () => {
    const moved = planOf(first, 1, { ...platform, resourceGroup: 'rg-new', teamsResourceGroup: 'rg-new-teams' });
    const ofOld = heldFor(first);
    // The secret is named by the vault's host, which has not moved.
    expect(changesOf(ofOld, moved).flat(2)).toHaveLength(thingsOf(moved).length);
    expect(removalsOf(ofOld, moved)).toHaveLength(thingsOf(moved).length - 1);
  });

  it('removes everything in reverse at the end, its access closed first', () => {
    const all = moves(heldFor(both), [], RESOURCES, { isEnd: true }).flat(2);
    expect(all.map(({ verb, kind }) => (verb === 'remove' ? kind : verb))).toEqual([
      'close',
      'foundry-connection',
      'foundry-connection',
      'product-policy',
      'model-membership',
      'role-assignment',
      'role-assignment',
      'project-identity',
      'foundry-project',
      'foundry-account',
      'role-assignment',
      'team-key',
      'subscription',
      'product-api',
      'product-api',
      'product',
    ]);
  });
});

describe('the largest request', () => {
  const name = (kind: string, length: number, index: number) => `${kind}-${String(index).padStart(length, '0')}`;
  const many = {
    foundry: Array.from({ length: 50 }, (_, index) => ({ ...catalog.foundry[0]!, name: name('gpt', 46, index) })),
    kaito: Array.from({ length: 50 }, (_, index) => ({ ...catalog.kaito[0]!, name: name('phi', 36, index) })),
  };
  const members = Array.from({ length: 20 }, (_, index) => ({
    type: 'User',
    objectId: `00000000-0000-0000-0000-${String(index).padStart(12, '0')}`,
  }));
  const team = `team-${'a'.repeat(22)}`;
  const asked = request(team, {
    members,
    models: {
      ...foundry(...many.foundry.map((one) => model(one.name))),
      ...kaito(...many.kaito.map((one) => model(one.name))),
    },
  });
  const plan = teamAccess(checked(asked, many), many, platform);

  it('makes a plan that can be run', () => {
    expect(mistakesOf(plan, team)).toEqual([]);
  });

  it('stays within the steps that one survey reads, the lanes that one stage joins, and the bytes of a document', () => {
    expect(plan.flat(2).length).toBeLessThanOrEqual(200);
    expect(Math.max(...plan.map((lanes) => lanes.length))).toBeLessThanOrEqual(60);
    expect(JSON.stringify(moves([], plan, RESOURCES)).length).toBeLessThan(250_000);
  });
});
