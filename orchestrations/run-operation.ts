/** The frame around every process that is an operation: claim, walk, and one of the named ends: succeeded, failed (undone) or stuck. */
import type { OrchestrationContext } from 'durable-functions';
import type { Plan } from '../shared/model/plan.js';
import * as activities from './activities.js';
import { branch, call, type Process, Saga, unwind } from './saga.js';

export interface OperationInput {
  operationId: string;
  attempt: number;
}

/** Runs `walk` over the frozen plan; `record` writes its result when everything is true. */
export function* runOperation<Kind extends Plan['kind'], Result>(
  context: OrchestrationContext,
  kind: Kind,
  walk: (saga: Saga, plan: Extract<Plan, { kind: Kind }>) => Process<Result>,
  record: (attempt: OperationInput, result: Result) => Process<unknown>,
): Process<{ phase: string }> {
  const attempt = context.df.getInput<OperationInput>()!;
  const { plan } = yield* call(context, activities.claimOperation, { ...attempt, instanceId: context.df.instanceId });
  if (!plan || plan.kind !== kind) return { phase: 'not-claimed' };

  const saga = new Saga(context, { ...attempt, stepIds: plan.steps.map((step) => step.id) });
  const outcome = yield* branch(saga, () => walk(saga, plan as Extract<Plan, { kind: Kind }>));
  if (!outcome.problem) {
    yield* record(attempt, outcome.result as Result);
    return end(context, 'succeeded');
  }

  yield* call(context, activities.beginUnwinding, { ...attempt, problem: outcome.problem });
  const leftovers = yield* unwind(context, outcome.undo);
  const phase = leftovers.length === 0 ? 'failed' : 'stuck';
  yield* call(context, activities.recordFailure, { ...attempt, phase, problem: outcome.problem });
  return end(context, phase);
}

function end(context: OrchestrationContext, phase: string): { phase: string } {
  context.df.setCustomStatus({ phase });
  return { phase };
}
