/**
 * Waits for one activity to settle: a look, a durable timer, the next look. Starts itself anew every ten looks, so that a wait of hours costs no
 * more history than one of seconds. A step's clock runs only while the service has taken the call (`pending`); `busy` has a bound of its own.
 */
import type { OrchestrationContext } from 'durable-functions';
import type { ActivityName, StepCall } from '../../shared/contracts/activities.js';
import { type Outcome, type Patience, RETRY_AFTER_SECONDS_MAX } from '../../shared/model/outcome.js';
import { problem } from '../../shared/model/problem.js';
import { busyDelaySeconds, jitterOf, pendingDelaySeconds } from './polling.js';
import { callActivity, callChildren, isSettled, type Process, sleep } from './process.js';

/** Name under which this is registered. */
export const AWAIT = 'await';

/** Looks per history: ten are about 80 events. */
const LOOKS_PER_GENERATION = 10;

/** Outages and throttling of a region have lasted hours, not days; what is refused for longer needs a person. */
const BUSY_SECONDS_MAX = 6 * 3600;

/** What is called, how long it may take, and what it has taken so far. */
export interface Wait {
  activity: ActivityName;
  call: Record<string, unknown>;
  /** Absent for bookkeeping, which waits as long as it must. */
  patience?: Patience;
  /** On the way back and after the first removal nobody gives up because a service is busy. */
  isEndless: boolean;
  /** Busy seconds that the operation has used up. */
  busySeconds: number;
}

export interface AwaitInput extends Wait {
  last: Extract<Outcome, { kind: 'pending' | 'busy' }>;
  pendingSeconds: number;
  polls: number;
  /** Hours of being busy that operators have been told of. */
  toldHours: number;
}

export interface Settled {
  outcome: Exclude<Outcome, { kind: 'pending' | 'busy' }>;
  busySeconds: number;
}

/** One call; what is not settled by it waits in a child of its own, so that histories stay small. */
export function* settle(context: OrchestrationContext, wait: Wait, id: string): Process<Settled> {
  const outcome = yield* callActivity(context, wait.activity, wait.call);
  if (isSettled(outcome)) return { outcome, busySeconds: wait.busySeconds };
  const input: AwaitInput = { ...wait, last: outcome, pendingSeconds: 0, polls: 0, toldHours: 0 };
  const [settled] = yield* callChildren<Settled>(context, [{ name: AWAIT, id, input }]);
  return settled!;
}

export function* awaitSettled(context: OrchestrationContext): Process<Settled | undefined> {
  const input = context.df.getInput<AwaitInput>()!;
  let state = input;
  for (let looks = 0; looks < LOOKS_PER_GENERATION; looks++) {
    const reason = overReason(state);
    if (reason) return yield* giveUp(context, state, reason);
    state = yield* tellOperators(context, state);
    const delaySeconds = nextDelaySeconds(context.df.instanceId, state);
    yield* sleep(context, delaySeconds);
    const isPending = state.last.kind === 'pending';
    const busySeconds = state.busySeconds + (isPending ? 0 : delaySeconds);
    const pendingSeconds = state.pendingSeconds + (isPending ? delaySeconds : 0);
    const outcome = yield* callActivity(context, nextActivity(state), { ...state.call, resume: resumeOf(state) });
    if (isSettled(outcome)) return { outcome, busySeconds };
    state = {
      ...state,
      last: outcome,
      busySeconds,
      pendingSeconds,
      polls: state.polls + 1,
      call: { ...state.call, resume: resumeOf(state) },
    };
  }
  context.df.continueAsNew(state);
  return undefined;
}

/** What has been written is only looked at from then on. */
const nextActivity = ({ activity, last }: AwaitInput): ActivityName =>
  activity === 'make' && last.kind === 'pending' && last.resume === 'look' ? 'look' : activity;

/** A busy look says nothing of what was begun. */
const resumeOf = ({ last, call }: AwaitInput): string | undefined =>
  last.kind === 'pending' ? last.resume : (call['resume'] as string | undefined);

function overReason({
  patience,
  isEndless,
  pendingSeconds,
  busySeconds,
  last,
}: AwaitInput): 'deadline' | 'busy' | undefined {
  if (!patience) return undefined;
  if (last.kind === 'pending' && pendingSeconds >= patience.deadlineSeconds) return 'deadline';
  if (last.kind === 'busy' && busySeconds >= BUSY_SECONDS_MAX && !isEndless) return 'busy';
  return undefined;
}

function nextDelaySeconds(
  instanceId: string,
  { last, polls, pendingSeconds, busySeconds, patience }: AwaitInput,
): number {
  const retryAfterSeconds = last.retryAfterSeconds && Math.min(last.retryAfterSeconds, RETRY_AFTER_SECONDS_MAX);
  const usualSeconds = patience?.usualSeconds ?? 1;
  if (last.kind === 'busy')
    return busyDelaySeconds(
      { polls, elapsedSeconds: busySeconds, usualSeconds, retryAfterSeconds },
      jitterOf(`${polls}/${instanceId}`),
    );
  const wanted = pendingDelaySeconds({ polls, elapsedSeconds: pendingSeconds, usualSeconds, retryAfterSeconds });
  const leftSeconds = patience ? patience.deadlineSeconds - pendingSeconds : wanted;
  return Math.max(1, Math.min(wanted, leftSeconds));
}

function* giveUp(
  context: OrchestrationContext,
  { call, last, pendingSeconds, busySeconds }: AwaitInput,
  reason: 'deadline' | 'busy',
): Process<Settled> {
  const minutes = Math.round((reason === 'busy' ? busySeconds : pendingSeconds) / 60);
  const cause = problem(
    'deadline-exceeded',
    last.kind === 'pending'
      ? `It was not ready after ${minutes} minutes; it waited for: ${last.waitingFor}.`
      : `It was refused as busy for ${minutes} minutes: ${last.code}.`,
    last.kind === 'busy' ? { azureCode: last.code } : {},
  );
  const { operationId, attempt, direction, step } = call as unknown as StepCall;
  const record = {
    activity: 'record' as const,
    call: { operationId, attempt, what: 'give-up', direction, step, problem: cause },
  };
  const told = yield* settle(context, { ...record, isEndless: true, busySeconds: 0 }, 'give-up');
  return { outcome: told.outcome.kind === 'stopped' ? told.outcome : { kind: 'refused', problem: cause }, busySeconds };
}

/** What nobody gives up is told to the operators every six hours. */
function* tellOperators(context: OrchestrationContext, state: AwaitInput): Process<AwaitInput> {
  const hours = Math.floor(state.busySeconds / BUSY_SECONDS_MAX) * (BUSY_SECONDS_MAX / 3600);
  if (state.last.kind !== 'busy' || hours <= state.toldHours) return state;
  const { operationId, attempt, step } = state.call as unknown as StepCall;
  const { code } = state.last;
  yield* callActivity(context, 'record', {
    operationId,
    attempt,
    what: 'overdue',
    ...(step !== undefined && { step }),
    code,
    hours,
  });
  return { ...state, toldHours: hours };
}
