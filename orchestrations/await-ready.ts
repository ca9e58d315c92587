/**
 * Waits for one step: a look, a durable timer, the next look. Starts itself anew every ten looks, so that a wait of hours costs no more
 * history than one of seconds. Ends with `ready` or `refused`; the deadline is a refusal.
 */
import type { OrchestrationContext } from 'durable-functions';
import { problem } from '../shared/model/problem.js';
import { busyDelaySeconds, jitterOf, pendingDelaySeconds } from './polling.js';
import { callActivity, type Process } from './saga.js';
import type { Outcome, Patience, StepCall } from './step.js';

/** Looks per history: ten are about 80 events. */
const LOOKS_PER_GENERATION = 10;

/** Locks and throttles end within minutes, and roles reach every replica within ten: what is busy for longer will stay so. */
const BUSY_SECONDS_MAX = 15 * 60;

type Unsettled = Extract<Outcome<unknown>, { kind: 'pending' | 'busy' }>;

export interface AwaitReadyInput {
  /** The activity that looks: `ensure-…` or `undo-…`. */
  activity: string;
  call: StepCall<unknown, unknown>;
  patience: Patience;
  /** What the last look found. */
  last: Unsettled;
  startedAtMs: number;
  /** Since when every look found the resource busy. */
  busySinceMs?: number;
  polls: number;
}

export function* awaitReady(context: OrchestrationContext): Process<Outcome<unknown> | undefined> {
  const input = context.df.getInput<AwaitReadyInput>()!;
  const { activity, patience, startedAtMs } = input;
  let { last, polls, busySinceMs = last.kind === 'busy' ? startedAtMs : undefined } = input;
  for (let looks = 0; looks < LOOKS_PER_GENERATION; looks++) {
    const nowMs = context.df.currentUtcDateTime.getTime();
    const elapsedSeconds = (nowMs - startedAtMs) / 1000;
    const busySeconds = busySinceMs === undefined ? 0 : (nowMs - busySinceMs) / 1000;
    if (elapsedSeconds >= patience.deadlineSeconds || busySeconds >= BUSY_SECONDS_MAX)
      return deadlineExceeded(input, last, elapsedSeconds);
    const delaySeconds = nextDelaySeconds(context.df.instanceId, patience, last, polls, elapsedSeconds);
    yield context.df.createTimer(new Date(nowMs + delaySeconds * 1000));
    const resume = last.kind === 'pending' ? last.resume : input.call.resume;
    const outcome = yield* callActivity<Outcome<unknown>>(context, activity, { ...input.call, resume, isLook: true });
    if (outcome.kind === 'ready' || outcome.kind === 'refused') return outcome;
    last = outcome;
    polls += 1;
    busySinceMs = last.kind === 'busy' ? (busySinceMs ?? nowMs) : undefined;
  }
  context.df.continueAsNew({ ...input, last, polls, busySinceMs });
  return undefined;
}

function nextDelaySeconds(
  instanceId: string,
  patience: Patience,
  last: Unsettled,
  polls: number,
  elapsedSeconds: number,
) {
  const waited = { polls, elapsedSeconds, ...patience, retryAfterSeconds: last.retryAfterSeconds };
  return last.kind === 'pending'
    ? pendingDelaySeconds(waited)
    : busyDelaySeconds(waited, jitterOf(`${instanceId}/${polls}`));
}

const deadlineExceeded = (
  { call: { step } }: AwaitReadyInput,
  last: Unsettled,
  elapsedSeconds: number,
): Outcome<never> => ({
  kind: 'refused',
  problem: problem(
    'deadline-exceeded',
    `Step "${step.stepId}" was not ready after ${Math.round(elapsedSeconds / 60)} minutes; it ${
      last.kind === 'pending' ? `waited for: ${last.waitingFor}` : `was refused as busy: ${last.code}`
    }.`,
    last.kind === 'busy' ? { azureCode: last.code } : {},
  ),
});
