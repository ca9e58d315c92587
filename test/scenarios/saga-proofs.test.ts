import { interfere } from '../support/activity-hooks.js';
import { GROUP, model, request } from '../support/builders.js';
import { type Hai, startHai } from '../support/hai.js';

/**
 * The three proofs of every saga: actions repeat safely, a failure at every step unwinds to a clean slate, undo repeats safely. The steps are
 * those that a good run was seen to run, so a new step is covered without a new test.
 */
const interference = interfere();

const document = (name: string) =>
  request(name, {
    members: [GROUP],
    models: { foundry: { models: [model('gpt-4.1')] }, kaito: { models: [model('mistral-7b')] } },
  });

describe('the sagas', () => {
  let hai: Hai;
  let steps: { activity: string; stepId?: string }[];
  beforeAll(async () => {
    hai = await startHai();
  });
  afterAll(() => hai.close());

  const run = async (name: string) => {
    interference.ran.length = 0;
    const { body } = await hai.request(document(name));
    return hai.finish(body.id);
  };

  it('end well when every action runs twice', async () => {
    interference.repeat = 'ensure-';
    const operation = await run('team-twice');
    interference.repeat = undefined;
    expect(operation).toMatchObject({ status: 'Succeeded' });
    const names = hai.left().filter((id) => !/deleted/i.test(id));
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((id) => id.endsWith('/products/product-twice'))).toHaveLength(1);

    const undoable = interference.ran.filter(({ activity }) => activity.startsWith('ensure-'));
    steps = undoable.filter(
      ({ activity, stepId }, index) =>
        undoable.findIndex((other) => other.activity === activity && other.stepId === stepId) === index,
    );
    expect(steps.map(({ stepId }) => stepId)).toEqual(
      expect.arrayContaining([
        'product',
        'key',
        'foundry-account',
        'workspace',
        'dns-record',
        'backend',
        'answers',
        'proof',
      ]),
    );
  });

  it('unwind to a clean slate from a failure at every step, also when every undo runs twice', async () => {
    // The model stays with the first team: what is left of it is not the failing team's.
    const before = hai.left();
    interference.repeat = 'undo-';
    const ofTheTeam = steps.filter(({ stepId }) => hasStep(stepId));
    expect(ofTheTeam.length).toBeGreaterThanOrEqual(15);
    for (const [index, { activity, stepId }] of ofTheTeam.entries()) {
      interference.refuse = { activity, stepId: stepId! };
      const operation = await run(`team-fails-${index}`);
      expect([stepId, operation.phase, operation.error?.detail]).toEqual([stepId, 'failed', 'refused by the test']);
      expect([stepId, hai.left()]).toEqual([stepId, before]);
      expect((await hai.team(`team-fails-${index}`)).phase).toBe('Failed');
    }
    interference.refuse = undefined;
    interference.repeat = undefined;
  }, 60_000);

  it('may be asked for again after a failure, and then succeed', async () => {
    const operation = await run('team-fails-0');
    expect(operation.status).toBe('Succeeded');
    expect((await hai.team('team-fails-0')).generation).toBe(2);
  });

  it('is stuck, and says so, when an undo is refused', async () => {
    interference.refuse = { activity: 'ensure-proof', stepId: 'proof' };
    const undo = { activity: 'undo-product', stepId: 'product' };
    const { body } = await hai.request(document('team-stuck'));
    await hai.clock.runUntil(async () => {
      const { phase } = await hai.operation(body.id);
      if (phase === 'unwinding') interference.refuse = undo;
      return phase === 'unwinding';
    }, 3600_000);
    const operation = await hai.finish(body.id);
    interference.refuse = undefined;
    expect(operation).toMatchObject({ status: 'Failed', phase: 'stuck' });
    expect(await hai.team('team-stuck')).toMatchObject({ phase: 'Stuck' });
    expect(await hai.request(document('team-stuck'))).toMatchObject({ status: 409, body: { code: 'operation-stuck' } });
  });

  /** The steps of the shared model's own operation are proved in the next story, with a model of their own. */
  const hasStep = (stepId?: string) =>
    !['capacity', 'workspace', 'service', 'dns-record', 'backend', 'answers'].includes(stepId ?? '');
});
