import type { ModelView } from '../../shared/contracts/api.js';
import { model, request } from '../support/builders.js';
import { type Hai, startHai } from '../support/hai.js';

const wantsMistral = (name: string) => request(name, { models: { kaito: { models: [model('mistral-7b')] } } });

describe('two teams ask for the same undeployed model at the same moment', () => {
  let hai: Hai;
  beforeAll(async () => {
    hai = await startHai();
  });
  afterAll(() => hai.close());

  it('deploys it once, and both are ready', async () => {
    const asked = await Promise.all(['team-one', 'team-two'].map((name) => hai.request(wantsMistral(name))));
    for (const { body } of asked) expect(await hai.finish(body.id)).toMatchObject({ status: 'Succeeded' });

    const deployments = (await hai.operations()).filter(({ kind }) => kind === 'deploy-kaito-model');
    expect(deployments).toHaveLength(1);
    expect(hai.recorded.filter(({ path }) => path.endsWith('/workspaces'))).toHaveLength(1);
    const { body } = await hai.get<{ value: ModelView[] }>('models');
    expect(body.value.find(({ name }) => name === 'mistral-7b')?.deployment?.members.sort()).toEqual(['one', 'two']);
  });

  it('lets a third team join what runs, without a new deployment', async () => {
    const { body } = await hai.request(wantsMistral('team-three'));
    const operation = await hai.finish(body.id);
    expect(operation.status).toBe('Succeeded');
    expect(Date.parse(operation.endedAt!) - Date.parse(operation.createdAt)).toBeLessThan(3 * 60_000);
    expect((await hai.operations()).filter(({ kind }) => kind === 'deploy-kaito-model')).toHaveLength(1);
  });
});
