/**
 * Keeps a lock of a message or session alive. Not left to the SDK, which would measure by `Date`, and that tells world time here while locks run
 * in wire time.
 */
import type { Clock } from '../../clock.js';

/** A lock is renewed after this share of its time, which leaves room for one failed attempt. */
const RENEW_AT_SHARE = 0.5;

/** Shortest pause between renewals: a broker that hands out tiny locks must not be flooded. */
const RENEW_PAUSE_MIN_MS = 500;

export interface RenewableLock {
  /** World time, as the broker tells it. */
  lockedUntil: () => Date | undefined;
  renew: () => Promise<unknown>;
  onFailure: (error: unknown) => void;
}

/** Renews for at most `limitMs` of wire time; the returned function stops it. */
export function keepLocked(clock: Clock, limitMs: number, lock: RenewableLock): () => void {
  const endMs = clock.wire.now() + limitMs;
  const pauseMs = () => {
    const leftMs = (lock.lockedUntil()?.getTime() ?? clock.now()) - clock.now();
    return Math.max(leftMs * RENEW_AT_SHARE, RENEW_PAUSE_MIN_MS);
  };
  let stopped = false;
  const renew = async () => {
    if (stopped || clock.wire.now() > endMs) return;
    try {
      await lock.renew();
      if (!stopped) timer = clock.wire.after(pauseMs(), () => void renew());
    } catch (error) {
      if (!stopped) lock.onFailure(error);
    }
  };
  let timer = clock.wire.after(pauseMs(), () => void renew());
  return () => {
    stopped = true;
    timer.cancel();
  };
}
