import type { ModelView } from '../../shared/contracts/api.js';
import { interfere } from '../support/activity-hooks.js';
import { model, request } from '../support/builders.js';
import { type Hai, startHai } from '../support/hai.js';

const interference = interfere();
const document = (name: string) => request(name, { models: { kaito: { models: [model('mistral-7b')] } } });
const MODEL_STEPS = ['capacity', 'workspace', 'service', 'dns-record', 'gateway-ready', 'backend', 'answers'];

describe('the deployment of a shared model', () => {
  let hai: Hai;
  beforeAll(async () => {
    hai = await startHai();
  });
  afterAll(() => hai.close());

  const deployment = async () => {
    const { body } = await hai.get<{ value: ModelView[] }>('models');
    return body.value.find(({ name }) => name === 'mistral-7b')?.deployment;
  };

  it('unwinds to a clean slate from a failure at every step, also when everything runs twice', async () => {
    interference.repeat = '';
    for (const [index, stepId] of MODEL_STEPS.entries()) {
      interference.refuse = { activity: activityOf(stepId), stepId, operationPrefix: 'model_' };
      const { body } = await hai.request(document(`team-fails-${index}`));
      const operation = await hai.finish(body.id);
      interference.refuse = undefined;
      expect([stepId, operation.phase, operation.error?.code]).toEqual([stepId, 'failed', 'model-deployment-failed']);
      // The add-on leaves its node pool behind; taking it away is the business of retiring a model.
      const left = hai.left().filter((id) => !id.includes('/agentPools/'));
      expect([stepId, left]).toEqual([stepId, []]);
      expect(await deployment()).toMatchObject({ phase: 'Failed', members: [] });
    }
    interference.repeat = undefined;
  }, 60_000);

  it('is begun anew by the next team that asks', async () => {
    const { body } = await hai.request(document('team-later'));
    expect(await hai.finish(body.id)).toMatchObject({ status: 'Succeeded' });
    expect(await deployment()).toMatchObject({
      phase: 'Ready',
      generation: MODEL_STEPS.length + 1,
      members: ['later'],
    });
  });
});

const activityOf = (stepId: string): string =>
  ({ capacity: 'ensure-cluster-capacity', service: 'ensure-model-service', answers: 'ensure-model-answers' })[stepId] ??
  `ensure-${stepId}`;
