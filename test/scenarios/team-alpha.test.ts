import { example, YAML } from '../support/documents.js';
import { type Hai, startHai } from '../support/hai.js';

describe('team-alpha asks for two models by HTTP while API Management still activates', () => {
  let hai: Hai;
  let id: string;
  beforeAll(async () => {
    hai = await startHai({ apimActivating: true });
  });
  afterAll(() => hai.close());

  it('is answered at once with an operation to follow', async () => {
    const answer = await hai.post('access-requests', example('team-alpha.yaml'), YAML);
    id = answer.body.id;
    expect(answer.status).toBe(202);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(answer.headers.get('operation-location')).toBe(`${hai.api}/operations/${id}`);
    expect(answer.body).toMatchObject({ status: 'NotStarted', phase: 'accepted', percentComplete: 0 });
    expect(answer.body.steps.map((step) => step.status)).toEqual(Array(14).fill('pending'));
  });

  it('shows what it waits for', async () => {
    await hai.clock.advance(10_000);
    const { status, phase, steps } = await hai.operation(id);
    expect({ status, phase }).toEqual({ status: 'Running', phase: 'running' });
    expect(steps[0]).toMatchObject({ status: 'waiting', waitingFor: expect.stringContaining('Activating') });
    const instance = await fetch(`${hai.host.url}/runtime/webhooks/durabletask/instances/${id}-1`);
    expect(await instance.json()).toMatchObject({
      runtimeStatus: 'Running',
      customStatus: { phase: 'running', stage: 1, stages: 3 },
    });
  });

  it('has proven access minutes later', async () => {
    const operation = await hai.finish(id);
    expect(operation.error).toBeUndefined();
    expect(operation).toMatchObject({ status: 'Succeeded', phase: 'succeeded', percentComplete: 100 });
    expect(new Set(operation.steps.map((step) => step.status))).toEqual(new Set(['succeeded']));
    expect(hai.clock.now() - Date.parse(operation.createdAt)).toBeLessThan(2 * 60_000);
    const instance = await fetch(`${hai.host.url}/runtime/webhooks/durabletask/instances/${id}-1`);
    expect(await instance.json()).toMatchObject({ runtimeStatus: 'Completed', customStatus: { phase: 'succeeded' } });
  });

  it('leaves exactly the team’s resources in Azure', () => {
    const left = hai.left().map((resource) => resource.replace(/^.*\/providers\/(Microsoft\.[A-Za-z]+\/)?/i, ''));
    expect(left.filter((id) => !id.startsWith('roleAssignments/')).sort()).toEqual([
      'accounts/foundry-alpha',
      'accounts/foundry-alpha/projects/default',
      'accounts/foundry-alpha/projects/default/connections/apim-alpha',
      'service/apim-hai-demo/products/product-alpha',
      'service/apim-hai-demo/products/product-alpha/apis/openai-api',
      'service/apim-hai-demo/products/product-alpha/policies/policy',
      'service/apim-hai-demo/subscriptions/sub-alpha',
      'vaults/kv-hai-demo/secrets/apim-key-alpha',
    ]);
    // The project's identity on the account; the member on project, account and key.
    expect(left.filter((id) => id.startsWith('roleAssignments/'))).toHaveLength(4);
  });

  it('tells the team what it holds, by reference', async () => {
    const team = await hai.team('team-alpha');
    expect(team).toMatchObject({
      phase: 'Ready',
      generation: 1,
      access: {
        gatewayUrl: hai.world.azure.gatewayUrl,
        apis: [{ api: 'openai-api', models: ['gpt-4.1', 'gpt-5.2'] }],
        product: 'product-alpha',
        subscription: 'sub-alpha',
        keyReference: `${hai.world.azure.vaultUrl}/secrets/apim-key-alpha`,
        foundryResource: 'foundry-alpha',
        foundryProject: 'default',
        connections: ['apim-alpha'],
      },
    });
    expect(team.access?.foundryEndpoint).toMatch(
      /^https:\/\/foundry-alpha-[a-z0-9]{5}\.cognitiveservices\.azure\.com\/$/,
    );
  });

  it('publishes what happened, in order, once', async () => {
    const types = (await hai.events()).map(({ type }) => type.split('.').at(-2));
    expect(types).toEqual(['accepted', ...Array(14).fill('step-completed'), 'ready']);
  });

  it('logs its end in one line, for the alerts', () => {
    const line = hai.logs.find((text) => text.includes('Operation ended '))!;
    expect(JSON.parse(line.slice(line.indexOf('{')))).toEqual({
      id,
      kind: 'provision-team-access',
      phase: 'succeeded',
      seconds: expect.any(Number),
    });
  });

  it('shows the key in no answer, no history and no log', async () => {
    const instances = `${hai.host.url}/runtime/webhooks/durabletask/instances`;
    const urls = ['operations', `operations/${id}`, 'teams', 'teams/team-alpha', 'models', 'platform', 'rejected']
      .map((path) => `${hai.api}/${path}`)
      .concat(
        `${instances}/?showInput=true`,
        `${instances}/${id}-1?showHistory=true&showHistoryOutput=true&showInput=true`,
      );
    for (const url of urls) {
      const text = await (await fetch(url)).text();
      expect([url, text.length > 2, text.includes('SIMULATED-KEY')]).toEqual([url, true, false]);
    }
    expect(hai.logs.join('\n')).not.toContain('SIMULATED-KEY');
  });

  it('is "no change" when it comes again', async () => {
    const writes = hai.recorded.length;
    const again = await hai.post('access-requests', example('team-alpha.yaml'), YAML);
    expect(again.status).toBe(200);
    expect(again.headers.get('hai-outcome')).toBe('no-change');
    expect(again.body).toMatchObject({ id, status: 'Succeeded' });
    await hai.clock.advance(60_000);
    expect(hai.recorded).toHaveLength(writes);
  });

  it('is changed by another specification: only what differs is written', async () => {
    const writes = hai.recorded.length;
    const changed = example('team-alpha.yaml').replace('10000', '9999');
    const answer = await hai.post('access-requests', changed, YAML);
    expect(answer).toMatchObject({ status: 202, body: { kind: 'provision-team-access' } });
    expect(answer.body.steps.map((step) => step.id)).toEqual(['gateway-ready', 'product-policy', 'proof']);
    expect(await hai.finish(answer.body.id)).toMatchObject({ status: 'Succeeded' });
    const toAzure = hai.recorded.slice(writes);
    expect(toAzure.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`)).toEqual(['PUT policy']);
    expect(await hai.team('team-alpha')).toMatchObject({ phase: 'Ready', generation: 2 });
  });
});
