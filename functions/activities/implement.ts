/**
 * Registers the activities of a step: observe, ensure, undo. What all steps share stands here: input is parsed, answers of Azure become
 * outcomes, progress is written to the operation, and a completed step is told to the world.
 */
import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import {
  type ActivityContract,
  activityNames,
  busy,
  type Outcome,
  refused,
  type StepCall,
  type StepContract,
  type StepReference,
} from '../../orchestrations/step.js';
import { AzureError } from '../../shared/azure/azure-error.js';
import { timestamp } from '../../shared/kit/clock.js';
import { lazy } from '../../shared/kit/lazy.js';
import { problem } from '../../shared/model/problem.js';
import type { StepChange } from '../../shared/store/operations.js';
import { announce } from '../announce.js';
import { type Services, services } from '../wiring.js';

export interface StepImplementation<Input, Before, Output> {
  /** Reads what is there. */
  observe?(input: Input): Promise<Before>;
  /** Makes it true, or looks whether it has become true; may run any number of times. */
  ensure(input: Input, call: StepCall<Input, Before>): Promise<Outcome<Output>>;
  /** Removes what was absent before, restores the rest; "already gone" is success. May run any number of times. */
  undo?(input: Input, before: Before, call: StepCall<Input, Before>): Promise<Outcome<object>>;
}

/** Registers the step's activities with `build`'s functions, made at the first call. */
export function implementStep<Input, Before, Output>(
  contract: StepContract<Input, Before, Output>,
  build: (services: Services) => StepImplementation<Input, Before, Output>,
): void {
  const names = activityNames(contract);
  const implementation = lazy(() => build(services()));

  df.app.activity(names.ensure, {
    handler: async (call: StepCall<Input, Before>): Promise<Outcome<Output>> => {
      if (!call.isLook) await writeProgress(call.step, { status: 'running' });
      const input = contract.input.parse(call.input);
      const outcome = await asOutcome(() => implementation().ensure(input, call));
      await writeOutcome(call.step, outcome);
      return outcome;
    },
  });
  if (!contract.before) return;

  df.app.activity(names.observe, {
    handler: (call: StepCall<Input, Before>) => implementation().observe!(contract.input.parse(call.input)),
  });
  df.app.activity(names.undo, {
    handler: async (call: StepCall<Input, Before>): Promise<Outcome<object>> => {
      await writeProgress(call.step, { status: 'undoing' });
      const before = contract.before!.parse(call.before);
      const outcome = await asOutcome(() => implementation().undo!(contract.input.parse(call.input), before, call));
      if (outcome.kind === 'ready') await writeProgress(call.step, { status: 'undone' });
      return outcome;
    },
  });
}

/** Registers an activity that is not a step. */
export function implementActivity<Input, Output>(
  contract: ActivityContract<Input, Output>,
  run: (input: Input, services: Services, log: (line: string) => void) => Promise<Output>,
): void {
  df.app.activity(contract.name, {
    handler: (input: unknown, context: InvocationContext) =>
      run(contract.input.parse(input), services(), (line) => context.log(line)),
  });
}

/** Somebody else is writing, a limit was hit, or something has not reached every replica: the same call works later. */
const BUSY_STATUSES = [404, 409, 412, 422, 423, 429, 503];
/** Roles reach every replica within minutes; a role that is missing for good ends in the step's deadline, which names this code. */
const BUSY_CODES = ['AuthorizationFailed', 'LinkedAuthorizationFailed', 'Forbidden', 'PrincipalNotFound'];
/** Conflicts that waiting does not end. */
const FINAL_CODES = [
  'CustomDomainInUse',
  'InvalidResourceName',
  'Invalid',
  'MissingSubscriptionRegistration',
  'ScopeLocked',
];

async function asOutcome<Output>(run: () => Promise<Outcome<Output>>): Promise<Outcome<Output>> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof AzureError)) throw error;
    return outcomeOf(error);
  }
}

/** Pure: what an answer of Azure means for a step. Transport errors and 5xx are unexpected: thrown, and tried again with a bound. */
export function outcomeOf(error: AzureError): Outcome<never> {
  const { status, code, retryAfterSeconds } = error;
  if (status === undefined || status === 401) throw error;
  if (!FINAL_CODES.includes(code) && (BUSY_STATUSES.includes(status) || BUSY_CODES.includes(code)))
    return busy(code, retryAfterSeconds);
  if (status >= 500) throw error;
  return refused(problem('refused-by-azure', error.message, { azureCode: code }));
}

/** A refusal is written by the saga, which knows of deadlines and unexpected ends as well. */
async function writeOutcome(step: StepReference, outcome: Outcome<unknown>): Promise<void> {
  if (outcome.kind === 'pending') await writeProgress(step, { status: 'waiting', waitingFor: outcome.waitingFor });
  if (outcome.kind === 'busy')
    await writeProgress(step, { status: 'waiting', waitingFor: `Azure to be free (${outcome.code})` });
  if (outcome.kind === 'ready') {
    await writeProgress(step, { status: 'succeeded' });
    await publishCompleted(step);
  }
}

const writeProgress = async ({ operationId, attempt, stepIndex }: StepReference, change: StepChange): Promise<void> => {
  const { operations, clock } = services();
  await operations.changeStep(operationId, attempt, stepIndex, change, timestamp(clock));
};

async function publishCompleted({ operationId, attempt, stepId, stepIndex }: StepReference): Promise<void> {
  const operation = (await services().operations.read(operationId))?.document;
  if (!operation) return;
  const title = operation.plan.steps[stepIndex]?.title ?? stepId;
  const data = { operationId, team: operation.subject, step: stepId, title };
  await announce(services(), { ...operation, attempt }, 'stepCompleted', data, stepId);
}
