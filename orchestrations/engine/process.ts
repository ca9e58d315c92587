/** The small vocabulary of all orchestrations: what a generator may yield, and how an activity is called. Knows Durable Functions, nothing of hai's work. */
import type { OrchestrationContext, Task } from 'durable-functions';
import type { ActivityName, FrameAnswer } from '../../shared/contracts/activities.js';
import { busy, type Outcome } from '../../shared/model/outcome.js';

/** What a generator of a process may yield and return. */
export type Process<Result> = Generator<Task, Result, unknown>;

export interface OperationInput {
  operationId: string;
  attempt: number;
}

/**
 * Calls an activity. Activities do not throw; what arrives as a failure is the host's (a worker that exited with the activity in flight), which
 * says nothing of the work: the same call again.
 */
export function* callActivity(context: OrchestrationContext, name: ActivityName, input: unknown): Process<FrameAnswer> {
  try {
    return (yield context.df.callActivity(name, input)) as FrameAnswer;
  } catch {
    return busy('ActivityDied');
  }
}

export const isSettled = (outcome: Outcome): outcome is Exclude<Outcome, { kind: 'pending' | 'busy' }> =>
  outcome.kind !== 'pending' && outcome.kind !== 'busy';

/** Tries of a child that dies, as on the genuine host when its worker exits (findings H19); more is a fault that a take-over has to look at. */
const RESTARTS_MAX = 10;
const RESTART_SECONDS = 20;

/** Starts children and waits for all; children that die are started again under new ids, which the ledger's fence makes harmless. */
export function* callChildren<Result>(
  context: OrchestrationContext,
  children: readonly { name: string; id: string; input: unknown }[],
): Process<Result[]> {
  for (let restart = 0; ; restart++) {
    const suffix = restart === 0 ? '' : `r${restart}`;
    const tasks = children.map(({ name, id, input }) =>
      context.df.callSubOrchestrator(name, input, `${context.df.instanceId}:${id}${suffix}`, context.df.version),
    );
    try {
      return (yield context.df.Task.all(tasks)) as Result[];
    } catch (error) {
      if (restart >= RESTARTS_MAX) throw error;
      yield* sleep(context, RESTART_SECONDS);
    }
  }
}

export function* sleep(context: OrchestrationContext, seconds: number): Process<void> {
  yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + seconds * 1000));
}
