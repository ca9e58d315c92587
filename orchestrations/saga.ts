/**
 * The one small engine that all processes share: typed calls, steps that remember what was there, branches that return their outcome as data,
 * and the unwinding. The only file of the processes that knows Durable Functions.
 */
import { type OrchestrationContext, RetryOptions, type Task } from 'durable-functions';
import { type Problem, problem } from '../shared/model/problem.js';
import { recordStepFailure } from './activities.js';
import type { AwaitReadyInput } from './await-ready.js';
import {
  type ActivityContract,
  activityNames,
  type Outcome,
  type Patience,
  type StepCall,
  type StepContract,
  type StepReference,
} from './step.js';

/** What a generator of a process may yield and return. */
export type Process<Result> = Generator<Task, Result, unknown>;

/** Which attempt of which operation a saga works for, and the order of its planned steps. */
export interface SagaScope {
  operationId: string;
  attempt: number;
  stepIds: string[];
}

/** What has to be undone, as data: it crosses from branches to their parent. */
export interface UndoEntry {
  contract: Patience & { name: string };
  call: StepCall<unknown, unknown>;
}

/** The end of a branch. A branch never throws. */
export interface BranchResult<Result> {
  result?: Result;
  problem?: Problem;
  undo: UndoEntry[];
}

/** Carries the cause out of a process to where it is unwound. */
class StepFailed extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** Unexpected failures of one activity call: five tries over about 75 seconds, then the step has failed. */
const UNEXPECTED = { firstMilliseconds: 5_000, attempts: 5, backoff: 2 };

/** Name under which `await-ready` is registered; here because it and the saga call each other. */
export const AWAIT_READY = 'await-ready';

/** Calls an activity by its contract. Throws when it failed on every try. */
export function* call<Input, Output>(
  context: OrchestrationContext,
  contract: ActivityContract<Input, Output>,
  input: Input,
): Process<Output> {
  return yield* callActivity<Output>(context, contract.name, input);
}

/** Calls an activity of a step, whose name follows from the contract. */
export function* callActivity<Output>(context: OrchestrationContext, name: string, input: unknown): Process<Output> {
  const retry = new RetryOptions(UNEXPECTED.firstMilliseconds, UNEXPECTED.attempts);
  retry.backoffCoefficient = UNEXPECTED.backoff;
  return (yield context.df.callActivityWithRetry(name, retry, input)) as Output;
}

/** Runs a process's steps and files what they have to undo. */
export class Saga {
  readonly undo: UndoEntry[] = [];

  constructor(
    readonly context: OrchestrationContext,
    readonly scope: SagaScope,
  ) {}

  /** Makes one planned step true: remember what was there, ensure, wait until ready. Throws what ends the branch. */
  *step<Input, Before, Output>(
    contract: StepContract<Input, Before, Output>,
    stepId: string,
    input: Input,
  ): Process<Output> {
    const { context } = this;
    context.df.setCustomStatus({ phase: 'running', step: stepId });
    const stepCall: StepCall<Input, Before> = { step: this.reference(stepId), input };
    const names = activityNames(contract);
    try {
      if (contract.before) {
        stepCall.before = yield* callActivity<Before>(context, names.observe, stepCall);
        this.undo.push({ contract: patienceOf(contract), call: stepCall });
      }
      return yield* settle<Output>(context, names.ensure, contract, stepCall);
    } catch (error) {
      throw yield* failed(context, stepCall.step, 'failed', error);
    }
  }

  /** Runs branches at the same time as sub-orchestrations; fails with the first problem after all have ended. */
  *inParallel(branches: { name: string; id: string; input: unknown }[]): Process<unknown[]> {
    const { context } = this;
    const tasks = branches.map(({ name, id, input }) =>
      context.df.callSubOrchestrator(
        name,
        { scope: this.scope, input },
        `${context.df.instanceId}:${id}`,
        context.df.version,
      ),
    );
    const results = (yield context.df.Task.all(tasks)) as BranchResult<unknown>[];
    this.undo.push(...results.flatMap((branch) => branch.undo));
    const cause = results.find((branch) => branch.problem)?.problem;
    if (cause) throw new StepFailed(cause);
    return results.map((branch) => branch.result);
  }

  private reference(stepId: string): StepReference {
    const { operationId, attempt: attemptNumber, stepIds } = this.scope;
    return { operationId, attempt: attemptNumber, stepId, stepIndex: stepIds.indexOf(stepId) };
  }
}

/** Runs `body` as a branch: its outcome, problem and undo list are the result. */
export function* branch<Result>(saga: Saga, body: (saga: Saga) => Process<Result>): Process<BranchResult<Result>> {
  try {
    return { result: yield* body(saga), undo: saga.undo };
  } catch (error) {
    return { problem: problemOf(error), undo: saga.undo };
  }
}

/** Undoes newest first. Returns the problems of what could not be undone; goes on after one, so that as little as possible is left. */
export function* unwind(context: OrchestrationContext, undo: readonly UndoEntry[]): Process<Problem[]> {
  const problems: Problem[] = [];
  for (const entry of [...undo].reverse()) {
    context.df.setCustomStatus({ phase: 'unwinding', step: entry.call.step.stepId });
    try {
      yield* settle<unknown>(context, activityNames(entry.contract).undo, entry.contract, entry.call);
    } catch (error) {
      const cause = yield* failed(context, entry.call.step, 'undo-failed', error);
      problems.push(cause.problem);
    }
  }
  return problems;
}

/** One call; what is not settled by it waits in a child of its own, so that histories stay small. Throws what was refused. */
function* settle<Output>(
  context: OrchestrationContext,
  activity: string,
  patience: Patience,
  stepCall: StepCall<unknown, unknown>,
): Process<Output> {
  let outcome = yield* callActivity<Outcome<Output>>(context, activity, stepCall);
  if (outcome.kind === 'pending' || outcome.kind === 'busy') {
    const input: AwaitReadyInput = {
      activity,
      call: stepCall,
      patience: { usualSeconds: patience.usualSeconds, deadlineSeconds: patience.deadlineSeconds },
      last: outcome,
      startedAtMs: context.df.currentUtcDateTime.getTime(),
      polls: 0,
    };
    // `ensure` or `undo`, not the whole name: some storage providers bound the length of an instance id.
    const id = `${context.df.instanceId}:${activity.split('-')[0]}:${stepCall.step.stepId}`;
    outcome = (yield context.df.callSubOrchestrator(AWAIT_READY, input, id, context.df.version)) as Outcome<Output>;
  }
  if (outcome.kind === 'ready') return outcome.outputs;
  throw new StepFailed(outcome.kind === 'refused' ? outcome.problem : unexpected(stepCall.step.stepId, outcome.kind));
}

/** Writes the cause into the step, whether an activity, a deadline or an unexpected error ended it; returns what to throw. */
function* failed(
  context: OrchestrationContext,
  step: StepReference,
  status: 'failed' | 'undo-failed',
  error: unknown,
): Process<StepFailed> {
  const cause = error instanceof StepFailed ? error : new StepFailed(unexpected(step.stepId, error));
  yield* call(context, recordStepFailure, { step, status, problem: cause.problem });
  return cause;
}

const patienceOf = ({ name, usualSeconds, deadlineSeconds }: UndoEntry['contract']): UndoEntry['contract'] => ({
  name,
  usualSeconds,
  deadlineSeconds,
});

/** Activities throw scrubbed errors (code, status, message), so their text may be kept. */
const unexpected = (stepId: string, error: unknown): Problem =>
  problem('unexpected-error', `Step "${stepId}" failed: ${firstLine(error)}`, {
    nextStep: 'Send the request again; if it fails the same way, give the operation id to the platform team.',
  });

const problemOf = (error: unknown): Problem =>
  error instanceof StepFailed ? error.problem : problem('unexpected-error', firstLine(error));

const DETAIL_LENGTH_MAX = 500;
const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!.trim().slice(0, DETAIL_LENGTH_MAX);
