import {
  hasEnded,
  isAtRest,
  isOverdue,
  isParked,
  LATENESS_SECONDS,
  OPERATION_PHASES,
  type OperationPhase,
  type OperationStep,
  replaceableBy,
  retryAfterSeconds,
  STEP_STATUSES,
  type StepStatus,
  statusOf,
} from '../../shared/model/operation.js';

const NOW = Date.parse('2027-01-01T12:00:00.000Z');
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

describe('an operation is overdue', () => {
  const late = ago(LATENESS_SECONDS + 1);
  const intime = ago(LATENESS_SECONDS);
  const step = (status: StepStatus, wakesAt?: string): OperationStep => ({ id: 'one', status, wakesAt });
  const overdue = (phase: OperationPhase, wakesAt: string | undefined, steps: OperationStep[] = []) =>
    isOverdue({ phase, wakesAt, steps }, NOW);

  it('when it has missed its own word by more than it may be late', () => {
    expect(overdue('running', late)).toBe(true);
    expect(overdue('unwinding', late)).toBe(true);
    expect(overdue('running', intime)).toBe(false);
    expect(overdue('running', ago(-600))).toBe(false);
  });

  it('when one of its steps has, although others speak', () => {
    expect(overdue('running', ago(-600), [step('waiting', ago(-600)), step('waiting', late)])).toBe(true);
    expect(overdue('unwinding', ago(-600), [step('undoing', late)])).toBe(true);
  });

  it.each<StepStatus>(['pending', 'succeeded', 'failed', 'undone', 'undo-failed'])(
    'not by a step that is %s',
    (status) => {
      expect(overdue('running', ago(-600), [step(status, late)])).toBe(false);
    },
  );

  it.each(OPERATION_PHASES.filter((phase) => phase !== 'running' && phase !== 'unwinding'))(
    'never when it is %s',
    (phase) => {
      expect(overdue(phase, late, [step('waiting', late)])).toBe(false);
    },
  );

  it('not when nobody gave a word', () => {
    expect(overdue('running', undefined, [step('running')])).toBe(false);
  });
});

describe('the phases of an operation', () => {
  it('are told in the words of long-running operations', () => {
    expect(Object.fromEntries(OPERATION_PHASES.map((phase) => [phase, statusOf(phase)]))).toEqual({
      queued: 'NotStarted',
      accepted: 'NotStarted',
      running: 'Running',
      unwinding: 'Running',
      succeeded: 'Succeeded',
      failed: 'Failed',
      canceled: 'Canceled',
      held: 'Failed',
      stuck: 'Failed',
    });
  });

  it('end, or wait for a person, or move', () => {
    expect(OPERATION_PHASES.filter(hasEnded)).toEqual(['succeeded', 'failed', 'canceled']);
    expect(OPERATION_PHASES.filter(isParked)).toEqual(['held', 'stuck']);
    expect(OPERATION_PHASES.filter((phase) => !isAtRest(phase))).toEqual([
      'queued',
      'accepted',
      'running',
      'unwinding',
    ]);
  });

  it('tell a client when to ask again: soon at first, never when nothing moves', () => {
    const after = (seconds: number, phase: OperationPhase = 'running') =>
      retryAfterSeconds({ phase, createdAt: ago(seconds) }, NOW);
    expect([0, 59, 60, 299, 300, 86_400].map((seconds) => after(seconds))).toEqual([2, 2, 5, 5, 10, 10]);
    expect(OPERATION_PHASES.filter(isAtRest).map((phase) => after(0, phase))).toEqual(Array(5).fill(undefined));
  });
});

describe('the states of a step', () => {
  const MOVING = ['running', 'waiting'];
  const FORWARD = ['pending', ...MOVING, 'succeeded', 'failed'];

  it.each<[StepStatus, string[]]>([
    ['pending', ['pending']],
    ['running', ['pending', ...MOVING]],
    ['waiting', ['pending', ...MOVING]],
    ['succeeded', FORWARD],
    ['failed', FORWARD],
    ['undoing', [...FORWARD, 'undoing']],
    ['undone', [...STEP_STATUSES]],
    ['undo-failed', [...STEP_STATUSES]],
  ])('never go back: %s replaces only what comes before it, or its like', (status, others) => {
    expect(replaceableBy(status)).toEqual(others);
  });
});
