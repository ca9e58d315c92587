/** How long to wait before the next look. Pure, so that a replay and a test compute the same. */

/** Shortest wait: below it, looking costs more than it tells. */
const DELAY_SECONDS_MIN = 2;
/** Longest wait by our own choice, so that a slow resource is noticed within minutes. */
const DELAY_SECONDS_MAX = 120;
/** Share of the elapsed time between two looks: about 8 looks and 6 % lag at any length. */
const ELAPSED_SHARE = 0.08;
/** First wait after a conflict; Resource Manager's per-entity operations take seconds. */
const BUSY_SECONDS = 5;

export interface Waited {
  /** Looks so far; 0 before the first wait. */
  polls: number;
  elapsedSeconds: number;
  usualSeconds: number;
  /** The service's own wish; never undercut. */
  retryAfterSeconds?: number;
}

/** Seconds until the next look at something pending. */
export function pendingDelaySeconds({ polls, elapsedSeconds, usualSeconds, retryAfterSeconds = 0 }: Waited): number {
  if (retryAfterSeconds > 0 && polls > 0) return Math.ceil(retryAfterSeconds);
  const wanted =
    polls === 0 ? Math.max(usualSeconds - elapsedSeconds, DELAY_SECONDS_MIN) : clamp(elapsedSeconds * ELAPSED_SHARE);
  return Math.ceil(Math.max(wanted, retryAfterSeconds));
}

/** Seconds until a busy resource is tried again; `jitter` (0 to 1) spreads those who collided. */
export function busyDelaySeconds({ elapsedSeconds, retryAfterSeconds = 0 }: Waited, jitter: number): number {
  const wanted = Math.max(BUSY_SECONDS, elapsedSeconds * ELAPSED_SHARE) * (0.75 + jitter / 2);
  return Math.ceil(Math.max(clamp(wanted), retryAfterSeconds));
}

/** A number from 0 to 1 that depends on `text` alone: randomness that a replay repeats (FNV-1a). */
export function jitterOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0) / 0xffffffff;
}

const clamp = (seconds: number): number => Math.min(Math.max(seconds, DELAY_SECONDS_MIN), DELAY_SECONDS_MAX);
