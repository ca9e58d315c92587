/** Looks, and writes nothing outside: a check, or whether what was written has become usable. */

import type { StepCall } from '../../contracts/activities.js';
import { type Outcome, pending } from '../../model/outcome.js';
import type { Services } from '../services.js';
import { readiness } from './make.js';
import { settleStep } from './progress.js';
import type { Run } from './run.js';
import { runStep } from './step.js';

export const look = (call: StepCall, services: Services): Promise<Outcome> =>
  runStep(call, services, (run) => lookAt(run));

async function lookAt(run: Run): Promise<Outcome> {
  const { spec, move, call, services } = run;
  const check = services.table.checks.get(move.kind);
  if (check) return settleStep(run, await check.ready(spec, services, call.resume));
  const kind = services.table.resources.get(move.kind)!;
  // What others have outdated meanwhile is made again, by the activity that writes.
  if (kind.isCurrent && !(await kind.isCurrent(spec, services)))
    return settleStep(run, pending(`"${move.title}" to be made again`, { retryAfterSeconds: 1 }));
  return settleStep(run, await readiness(run, kind));
}
