import fc from 'fast-check';
import { planHashOf, planModelDeployment, planTeamAccess } from '../../shared/model/plan.js';
import { renderProductPolicy } from '../../shared/model/product-policy.js';
import { checkRequest } from '../../shared/model/request.js';
import { catalog, GROUP, guardrails, model, platform, request } from '../support/builders.js';

const planOf = (document: unknown) => {
  const checked = checkRequest(document, catalog, guardrails);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problem));
  return planTeamAccess(checked.request, catalog, platform);
};

describe('the plan of a team', () => {
  const plan = planOf(
    request('team-alpha', {
      members: [GROUP],
      models: { foundry: { models: [model('gpt-4.1')] }, kaito: { models: [model('mistral-7b')] } },
    }),
  );

  it('names every resource as the platform knows it', () => {
    expect({
      product: plan.product.name,
      title: plan.product.displayName,
      subscription: plan.subscription.name,
      secret: plan.key.secret,
      account: plan.account.name,
      project: plan.project.name,
      connections: plan.connections.map(({ name, target }) => [name, target]),
    }).toEqual({
      product: 'product-alpha',
      title: 'AI Access - Team Alpha',
      subscription: 'sub-alpha',
      secret: 'apim-key-alpha',
      account: 'foundry-alpha',
      project: 'default',
      connections: [
        ['apim-alpha', 'https://apim-hai-demo.azure-api.net/openai/v1'],
        ['apim-alpha-kaito', 'https://apim-hai-demo.azure-api.net/kaito/v1'],
      ],
    });
  });

  it('shows every step before it starts', () => {
    expect(plan.steps.map((step) => step.id)).toEqual([
      'gateway-ready',
      'product',
      'product-policy',
      'api-openai-api',
      'api-kaito-api',
      'subscription',
      'key',
      'key-readers',
      'foundry-account',
      'foundry-project',
      'project-identity',
      'project-members',
      'model-mistral-7b',
      'connection-foundry',
      'connection-kaito',
      'proof',
    ]);
  });

  it('gives each member exactly three roles', () => {
    const given = [...plan.keyReaders.grants, ...plan.projectMembers.grants];
    expect(given).toHaveLength(3);
    expect(new Set(given.map(({ scope }) => scope)).size).toBe(3);
  });

  it('is the same for the same request', () => {
    expect(planHashOf(planOf(request()))).toBe(planHashOf(planOf(request())));
  });

  it('keeps connection names within the 33 characters that Azure allows', () => {
    const longest = planOf(request(`team-${'a'.repeat(22)}`, { models: { kaito: { models: [model('phi-4')] } } }));
    expect(longest.connections[0]!.name).toHaveLength(33);
  });
});

describe('the plan of a shared model', () => {
  it('follows the catalog', () => {
    const entry = catalog.kaito.find(({ name }) => name === 'mistral-7b')!;
    const plan = planModelDeployment(entry, 1, platform, 6);
    expect(plan).toMatchObject({
      workspace: { name: 'workspace-mistral-7b', preset: 'mistral-7b-instruct' },
      service: { address: entry.staticAddress, subnet: 'models' },
      dnsRecord: { name: 'mistral-7b', address: entry.staticAddress },
      backend: { name: 'kaito-mistral-7b', url: 'http://mistral-7b.kaito.internal/v1' },
    });
  });
});

describe('the product policy', () => {
  const limits = { tokensPerMinute: 1, dailyTokenQuota: 1 };

  it('has one limit per model, each with a counter of its own', () => {
    const xml = renderProductPolicy([
      { provider: 'foundry', name: 'gpt-4.1', servedName: 'gpt-4.1', tokensPerMinute: 10, dailyTokenQuota: 100 },
      {
        provider: 'kaito',
        name: 'mistral-7b',
        servedName: 'mistral-7b-instruct',
        tokensPerMinute: 20,
        dailyTokenQuota: 200,
      },
    ]);
    expect(xml.match(/<llm-token-limit/g)).toHaveLength(2);
    expect(xml).toContain(
      'counter-key="@(context.Subscription.Id + "-gpt-4.1")" tokens-per-minute="10" token-quota="100"',
    );
    expect(xml).toContain('<set-variable name="served-model" value="mistral-7b-instruct" />');
    expect(xml).toContain('"data":[{"id":"mistral-7b","object":"model","created":0,"owned_by":"kaito"}]');
  });

  it('never takes a text that could leave its place', () => {
    const dangerous = fc.string().filter((text) => /["'<>&@{}()\s]/.test(text));
    fc.assert(
      fc.property(dangerous, (text) => {
        const asName = () => renderProductPolicy([{ provider: 'foundry', name: text, servedName: 'x', ...limits }]);
        const asServed = () => renderProductPolicy([{ provider: 'kaito', name: 'x', servedName: text, ...limits }]);
        expect(asName).toThrow('cannot be written');
        expect(asServed).toThrow('cannot be written');
      }),
    );
  });
});
