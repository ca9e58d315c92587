/**
 * The step protocol: the five ways in which any activity, reads and records included, can end. Expected outcomes are values, so that a history
 * says what happened and nothing has to be guessed from an error's text.
 */
import type { Problem } from './problem.js';

export type Outcome =
  | { kind: 'ready' }
  /** The service has taken the call: look again. `resume` tells the next look what was begun. The step's clock runs. */
  | { kind: 'pending'; waitingFor: string; resume?: string; retryAfterSeconds?: number }
  /** The service has not taken the call: the same again, later. The step's clock stands. */
  | { kind: 'busy'; code: string; retryAfterSeconds?: number }
  /** Another attempt, a cancel or a failed sibling lane has the say now; nothing was written. */
  | { kind: 'stopped' }
  /** Will not become true by repeating. */
  | { kind: 'refused'; problem: Problem };

type Of<Kind extends Outcome['kind']> = Extract<Outcome, { kind: Kind }>;

export const ready: Of<'ready'> = { kind: 'ready' };
export const stopped: Of<'stopped'> = { kind: 'stopped' };
export const refused = (problem: Problem): Of<'refused'> => ({ kind: 'refused', problem });
export const busy = (code: string, retryAfterSeconds?: number): Of<'busy'> => ({
  kind: 'busy',
  code,
  ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
});
export const pending = (
  waitingFor: string,
  hint: { resume?: string; retryAfterSeconds?: number } = {},
): Of<'pending'> => ({
  kind: 'pending',
  waitingFor,
  ...hint,
});

/** A Retry-After beyond this is looked at earlier: a cancel must be heard within the hour. */
export const RETRY_AFTER_SECONDS_MAX = 3600;

/** When to look again, and when to give up. */
export interface Patience {
  /** When the step usually is done: the first look at something pending. */
  usualSeconds: number;
  /** The step has failed once it was pending, not busy, for this long. */
  deadlineSeconds: number;
}

const MINUTE = 60;

/** Answered at once by API Management, Key Vault, DNS and Cosmos; the bound covers what they take up and finish later. */
export const QUICK: Patience = { usualSeconds: 5, deadlineSeconds: 15 * MINUTE };

/** Removals end in seconds to minutes; a bound of their own, since creation may take hours (findings N11). */
export const REMOVAL: Patience = { usualSeconds: 5, deadlineSeconds: 60 * MINUTE };
