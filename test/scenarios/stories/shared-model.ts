import type { ModelView } from '../../../shared/contracts/api.js';
import { model, request } from '../../support/builders.js';
import type { Hai } from '../../support/hai.js';
import type { SharedHai } from '../../support/shared-hai.js';

const wantsPhi = (name: string) => request(name, { models: { kaito: { models: [model('phi-4')] } } });

export const sharedModel = (shared: SharedHai): void =>
  describe('two teams ask for the same undeployed model at the same moment', () => {
    let hai: Hai;
    beforeAll(async () => {
      hai = await shared();
    });

    const isPhi = (body: unknown) => JSON.stringify(body).includes('phi-4');
    const deployments = async () =>
      (await hai.operations()).filter(({ kind, subject }) => kind === 'deploy-kaito-model' && subject === 'phi-4');

    it('deploys it once, and both are ready', async () => {
      const asked = await Promise.all(['team-one', 'team-two'].map((name) => hai.request(wantsPhi(name))));
      for (const { body } of asked) expect(await hai.finish(body.id)).toMatchObject({ status: 'Succeeded' });

      expect(await deployments()).toHaveLength(1);
      const workspaces = hai.recorded.filter(({ path, body }) => path.endsWith('/workspaces') && isPhi(body));
      expect(workspaces).toHaveLength(1);
      const { body } = await hai.get<{ value: ModelView[] }>('models');
      expect(body.value.find(({ name }) => name === 'phi-4')?.deployment?.members.sort()).toEqual(['one', 'two']);
    });

    it('lets a third team join what runs, without a new deployment', async () => {
      const { body } = await hai.request(wantsPhi('team-three'));
      const operation = await hai.finish(body.id);
      expect(operation.status).toBe('Succeeded');
      expect(Date.parse(operation.endedAt!) - Date.parse(operation.createdAt)).toBeLessThan(3 * 60_000);
      expect(await deployments()).toHaveLength(1);
    });
  });
