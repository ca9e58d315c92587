/** What the activities of a step have in common: a run begins, and however it ends, what that means for the step is written down. */
import type { StepCall } from '../../contracts/activities.js';
import type { Outcome } from '../../model/outcome.js';
import type { Services } from '../services.js';
import { guarded } from './guard.js';
import { settleStep } from './progress.js';
import { beginRun, distrusted, isOutcome, isTrusted, type Run } from './run.js';

export async function runStep(
  call: StepCall,
  services: Services,
  body: (run: Run) => Promise<Outcome>,
): Promise<Outcome> {
  const run = await beginRun(call, services);
  if (isOutcome(run)) return run;
  if (!isTrusted(run)) return settleStep(run, distrusted(run));
  try {
    return await body(run);
  } catch (error) {
    // A read that is refused for good ends the step like a write that is.
    return settleStep(run, await guarded(error, services));
  }
}
