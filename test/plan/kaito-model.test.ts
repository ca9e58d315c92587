import type { KaitoModel } from '../../shared/model/catalog.js';
import { kaitoModel } from '../../shared/plan/kaito-model.js';
import { heldAfter, moves } from '../../shared/plan/moves.js';
import { RESOURCES } from '../../shared/resources/index.js';
import { nameOf } from '../../shared/resources/names.js';
import { catalog, platform } from '../support/builders.js';
import { changesOf, mistakesOf, removalsOf, stepsOf, thingsOf } from './well-formed.js';

const entry = catalog.kaito.find(({ name }) => name === 'mistral-7b')!;
const planOf = (change: Partial<KaitoModel> = {}, gpuPoolsMax = 6) =>
  kaitoModel({ ...entry, ...change }, platform, gpuPoolsMax);
const held = heldAfter(planOf(), RESOURCES);

describe('the plan of a shared model', () => {
  it('reads like the process', () => {
    expect(stepsOf(planOf())).toEqual([
      [['capacity', 'address-free']],
      [
        ['gpu-pool', 'workspace'],
        ['service', 'address', 'dns-record'],
        ['gateway-ready', 'backend'],
      ],
      [['answers']],
    ]);
  });

  it('follows the catalog', () => {
    expect(
      Object.fromEntries(
        planOf()
          .flat(2)
          .map(({ id, spec }) => [id, spec]),
      ),
    ).toMatchObject({
      workspace: { preset: 'mistral-7b-instruct', instanceType: 'Standard_NV36ads_A10_v5' },
      service: { address: '10.10.8.200', subnet: 'models', sourceRanges: ['10.10.6.0/24', '10.10.7.0/24'] },
      'dns-record': { address: '10.10.8.200' },
      backend: { title: 'mistral-7b', url: 'http://mistral-7b.kaito.internal/v1' },
      answers: { servedNames: ['mistral-7b-instruct'] },
      capacity: { gpuPoolsMax: 6 },
    });
  });

  it('names every resource in full, where it is', () => {
    const group = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-hai-demo/providers';
    const cluster = `${group}/Microsoft.ContainerService/managedClusters/aks-hai-demo`;
    expect(Object.fromEntries(thingsOf(planOf()).map(({ id, spec }) => [id, spec.id]))).toEqual({
      'gpu-pool': `${cluster}/agentPools/of-workspace-mistral-7b`,
      workspace: `${cluster}/namespaces/kaito-models/workspaces/workspace-mistral-7b`,
      service: `${cluster}/namespaces/kaito-models/services/mistral-7b`,
      'dns-record': `${group}/Microsoft.Network/privateDnsZones/kaito.internal/A/mistral-7b`,
      backend: `${group}/Microsoft.ApiManagement/service/apim-hai-demo/backends/kaito-mistral-7b`,
    });
  });

  it.each(catalog.kaito.map(({ name }) => name))('can be run: %s', (name) => {
    const one = catalog.kaito.find((other) => other.name === name)!;
    expect(mistakesOf(kaitoModel(one, platform, 6), `model ${name}`)).toEqual([]);
  });

  it('keeps every name within a DNS label for the longest model name', () => {
    const name = 'm'.repeat(40);
    const plan = planOf({ name });
    expect(mistakesOf(plan, `model ${name}`)).toEqual([]);
    for (const { spec } of thingsOf(plan)) expect(nameOf(spec.id)).toMatch(/^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$/);
  });

  it('is the same for the same entry', () => {
    expect(JSON.stringify(planOf())).toBe(JSON.stringify(kaitoModel({ ...entry }, platform, 6)));
  });
});

describe('a change of a shared model', () => {
  it('moves its address with everything that names it', () => {
    expect(changesOf(held, planOf({ staticAddress: '10.10.8.250' }))).toEqual([[['service', 'dns-record']]]);
    expect(removalsOf(held, planOf({ staticAddress: '10.10.8.250' }))).toEqual([]);
  });

  it('is nothing when only the room for GPUs changes', () => {
    expect(moves(held, planOf({}, 9), RESOURCES)).toEqual([]);
  });

  it('retires it in reverse: who calls it first, its GPU pool last', () => {
    expect(moves(held, [], RESOURCES, { isEnd: true }).flat(2)).toMatchObject([
      { verb: 'remove', kind: 'backend' },
      { verb: 'remove', kind: 'dns-record' },
      { verb: 'remove', kind: 'model-service' },
      { verb: 'remove', kind: 'workspace' },
      { verb: 'remove', kind: 'gpu-pool' },
    ]);
  });
});
