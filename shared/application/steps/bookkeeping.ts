/** What the frame waits for has no step to say it: the operation itself says until when it sleeps, so that nobody takes over what only waits. */
import type { FrameAnswer } from '../../contracts/activities.js';
import { partitionOf } from '../../model/naming.js';
import type { Services } from '../services.js';
import { asOutcome } from './guard.js';
import { wakesAtFrom } from './progress.js';

/** Runs a survey or a record; one that has to wait renews the operation's word. */
export async function bookkeeping(
  { operationId: id, attempt }: { operationId: string; attempt: number },
  run: () => Promise<FrameAnswer>,
  services: Services,
): Promise<FrameAnswer> {
  const answer = await asOutcome<FrameAnswer>(run, services);
  if (answer.kind !== 'pending' && answer.kind !== 'busy') return answer;
  const word = { '/wakesAt': wakesAtFrom(services.clock.now(), answer.retryAfterSeconds) };
  // A store that does not answer now is asked again by the next look.
  await services.store
    .commit(partitionOf(id), [{ patch: id, if: { equals: { '/attempt': attempt } }, set: word }])
    .catch(() => {});
  return answer;
}
