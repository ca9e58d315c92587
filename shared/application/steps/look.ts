/** Looks, and writes nothing outside: a check, or whether what was written has become usable. */

import type { StepCall } from '../../contracts/activities.js';
import { type Outcome, pending } from '../../model/outcome.js';
import type { Services } from '../services.js';
import { readiness } from './make.js';
import { settleStep } from './progress.js';
import { beginRun, isOutcome } from './run.js';

export async function look(call: StepCall, services: Services): Promise<Outcome> {
  const run = await beginRun(call, services);
  if (isOutcome(run)) return run;
  const { spec, move } = run;
  const check = services.table.checks.get(move.kind);
  if (check) return settleStep(run, await check.ready(spec, services, call.resume));
  const kind = services.table.resources.get(move.kind)!;
  // What others have outdated meanwhile is made again, by the activity that writes.
  if (kind.isCurrent && !(await kind.isCurrent(spec, services)))
    return settleStep(run, pending(`"${move.title}" to be made again`, { retryAfterSeconds: 1 }));
  return settleStep(run, await readiness(run, kind));
}
