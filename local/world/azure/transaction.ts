/** One request is one transaction: the frame that all services with state share. */
import type { Azure } from './azure.js';
import type { Answer } from './http.js';

/**
 * Runs what is due, then `run`; its writes are durable before it is answered. What it throws undoes them: `refusal` turns the service's own
 * refusals into an answer, anything else is a defect of the simulator and passes on.
 */
export function answerAtomically(
  azure: Azure,
  run: () => Answer,
  refusal: (error: unknown) => Answer | undefined,
): Answer {
  azure.jobs.runDue();
  try {
    return azure.store.atomic(run);
  } catch (error) {
    const answer = refusal(error);
    if (!answer) throw error;
    return answer;
  } finally {
    azure.jobs.arm();
  }
}
