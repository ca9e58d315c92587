/** The one place where what a run throws becomes an outcome: what services say by the classifier, what is our own fault with an alert. */
import { busy, type Outcome } from '../../model/outcome.js';
import { ServiceError } from '../../model/service-error.js';
import { pauseAdmission } from '../pace.js';
import type { Services } from '../services.js';
import { classify } from './classify.js';

export { tookTheCall } from './classify.js';

/** Our own store and bus never end a step: bookkeeping waits as long as it must. */
const OWN_SERVICES = ['cosmos', 'bus'];

export async function guarded(error: unknown, services: Services): Promise<Outcome> {
  const { log } = services;
  if (!(error instanceof ServiceError))
    log('error', `A fault of hai: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
  const outcome = classify(error);
  if (error instanceof ServiceError && OWN_SERVICES.includes(error.service) && outcome.kind === 'refused') {
    log('error', `${error.message}: hai's own documents are refused`);
    return busy(error.code);
  }
  const isThrottled = error instanceof ServiceError && error.service === 'arm' && error.status === 429;
  // Nobody else need find out: those who wait for their slot wait longer. Only a hint, so its own failure is nobody's.
  if (isThrottled) await pauseAdmission(services, error.retryAfterSeconds ?? 1).catch(() => {});
  return outcome;
}

/** Runs the body of an activity: an activity never throws. */
export async function asOutcome<Answer extends Outcome>(
  run: () => Promise<Answer>,
  services: Services,
): Promise<Answer | Outcome> {
  try {
    return await run();
  } catch (error) {
    return guarded(error, services);
  }
}
