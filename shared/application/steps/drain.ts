/** The wait until no call of any run can land any more: for the notes' own times, measured where it waits, and looked at soon. */
import { aheadUntilMs, type LedgerEntry } from '../../model/ledger.js';
import { type Outcome, pending } from '../../model/outcome.js';
import { DRAIN_LOOK_SECONDS, NOTE_SECONDS } from './bounds.js';

/**
 * Undefined when nothing can land any more. `resume`: what the former look answered. A note's `until` is another machine's time, or this one's
 * before its clock was set back: who has waited for as long as a note can stand, and has seen no newer one, need not believe it (findings N22).
 */
export function drain(entries: readonly LedgerEntry[], resume: string | undefined, nowMs: number): Outcome | undefined {
  const untilMs = aheadUntilMs(entries, nowMs);
  if (untilMs === undefined) return undefined;
  const [seenMs = 0, waited = 0] = (resume ?? '').split('/').map(Number);
  const waitedSeconds = untilMs > seenMs ? 0 : waited;
  if (waitedSeconds >= NOTE_SECONDS) return undefined;
  const leftSeconds = Math.ceil((untilMs - nowMs) / 1000);
  const retryAfterSeconds = Math.min(leftSeconds, DRAIN_LOOK_SECONDS);
  return pending('calls under way to have ended', {
    retryAfterSeconds,
    resume: `${untilMs}/${waitedSeconds + retryAfterSeconds}`,
  });
}
