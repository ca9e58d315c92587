/**
 * The one clock of the embedded platform. World time governs everything a cloud would time (durable timers, cron, latencies, TTLs, token
 * windows); wire time governs sockets and message locks. World time is real, scaled, or moved by a test.
 */

/** A pending callback. Cancelling one that has fired does nothing. */
export interface ClockTimer {
  cancel(): void;
}

export interface Clock {
  /** World time in epoch milliseconds. */
  now(): number;
  /** Runs `run` once `delayMs` of world time have passed. Never keeps the process alive by itself. */
  after(delayMs: number, run: () => void): ClockTimer;
  /** Real time (locks, idle timeouts); in explicit mode it follows `advance` like world time. */
  readonly wire: { now(): number; after(delayMs: number, run: () => void): ClockTimer };
  /**
   * Registers a component's answer to "is there nothing left to do before time moves?"; returns the function that removes it.
   * Only explicit mode asks.
   */
  watch(component: string, isIdle: () => boolean): () => void;
}

export interface ExplicitClock extends Clock {
  /** Waits until every watched component is idle. Throws with the names of the busy ones after `SETTLE_LIMIT_MS` of real time. */
  settle(): Promise<void>;
  /** Settles, then moves time by `durationMs`, firing due timers in order and settling after each. */
  advance(durationMs: number): Promise<void>;
  /** Moves from timer to timer until `done` holds. Throws when `withinMs` of world time are over or no timer is left. */
  runUntil(done: () => boolean | Promise<boolean>, withinMs: number): Promise<void>;
}

/** How world time follows from real time. Stored, so that two processes and a restarted one agree. */
export interface TimeAnchor {
  worldEpochMs: number;
  realEpochMs: number;
  /** World milliseconds per real millisecond. */
  speed: number;
}

/** Both are taken before anything replaces `Date` in the process that hosts the app. */
const RealDate = Date;
const realNow = neverBack(Date.now.bind(Date), performance.now.bind(performance));

/** Longest delay that setTimeout accepts; longer ones are split. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** A test that has not come to rest after this long hangs: real I/O on one machine takes milliseconds. */
const SETTLE_LIMIT_MS = 30_000;

/** Turns of the event loop in which sockets of one process have mostly delivered; who waits for more leaves the processor to others. */
const TURNS_AT_ONCE = 300;

/** Longest pause between two turns after that. */
const TURN_MS_MAX = 10;

/** Consecutive idle looks before the world counts as settled: lets sockets deliver what was just written. */
const IDLE_LOOKS = 4;

/**
 * Wall time that goes on from where it was when the machine's clock is set back, and follows it when it is set forward, as after a laptop's sleep.
 * Timers whose time had come would not be due again until the clock has caught up (findings N22).
 */
export function neverBack(wallNow: () => number, monotonicNow: () => number): () => number {
  let aheadMs = Number.NEGATIVE_INFINITY;
  return () => {
    const monotonicMs = monotonicNow();
    aheadMs = Math.max(aheadMs, wallNow() - monotonicMs);
    return Math.floor(monotonicMs + aheadMs);
  };
}

export function realTimer(delayMs: number, run: () => void): ClockTimer {
  let handle: NodeJS.Timeout;
  const arm = (leftMs: number) => {
    const stepMs = Math.min(Math.max(leftMs, 0), TIMEOUT_MAX_MS);
    handle = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : run()), stepMs);
    handle.unref();
  };
  arm(delayMs);
  return { cancel: () => clearTimeout(handle) };
}

/** Starts a time line: world time begins at `worldEpochMs` (default: now) and runs `speed` times as fast as real time. */
export function anchorNow(speed = 1, worldEpochMs = realNow()): TimeAnchor {
  return { worldEpochMs, realEpochMs: realNow(), speed };
}

/** A clock that follows real time, scaled by the anchor's speed. */
export function runningClock(anchor: TimeAnchor = anchorNow()): Clock {
  return {
    now: () => Math.floor(anchor.worldEpochMs + (realNow() - anchor.realEpochMs) * anchor.speed),
    after: (delayMs, run) => realTimer(delayMs / anchor.speed, run),
    wire: { now: realNow, after: realTimer },
    watch: () => () => {},
  };
}

/** A clock that stands still until a test moves it. */
export function explicitClock(startMs = RealDate.UTC(2026, 0, 5, 9)): ExplicitClock {
  let nowMs = startMs;
  let sequence = 0;
  const timers = new Map<number, { dueMs: number; run: () => void }>();
  const idleChecks = new Map<number, { component: string; isIdle: () => boolean }>();

  const after = (delayMs: number, run: () => void): ClockTimer => {
    const id = sequence++;
    timers.set(id, { dueMs: nowMs + Math.max(0, delayMs), run });
    return { cancel: () => timers.delete(id) };
  };

  const nextTimer = () => {
    let next: [number, { dueMs: number; run: () => void }] | undefined;
    for (const entry of timers) if (!next || entry[1].dueMs < next[1].dueMs) next = entry;
    return next;
  };

  const fireNext = async (limitMs: number): Promise<boolean> => {
    const next = nextTimer();
    if (!next || next[1].dueMs > limitMs) return false;
    timers.delete(next[0]);
    nowMs = Math.max(nowMs, next[1].dueMs);
    next[1].run();
    await clock.settle();
    return true;
  };

  const clock: ExplicitClock = {
    now: () => nowMs,
    after,
    wire: { now: () => nowMs, after },
    watch(component, isIdle) {
      const id = sequence++;
      idleChecks.set(id, { component, isIdle });
      return () => idleChecks.delete(id);
    },
    async settle() {
      const startedMs = realNow();
      for (let looks = 0, turns = 0; looks < IDLE_LOOKS; turns++) {
        const busy = [...idleChecks.values()].filter((check) => !check.isIdle());
        looks = busy.length === 0 && nextTimer()?.[1].dueMs !== nowMs ? looks + 1 : 0;
        if (busy.length === 0 && looks === 0) fireDue();
        if (realNow() - startedMs > SETTLE_LIMIT_MS)
          throw new Error(`The world did not settle: ${busy.map((check) => check.component).join(', ')} still at work`);
        await new Promise<void>((resolve) =>
          turns < TURNS_AT_ONCE
            ? setImmediate(resolve)
            : void setTimeout(resolve, Math.min(turns - TURNS_AT_ONCE, TURN_MS_MAX)),
        );
      }
    },
    async advance(durationMs) {
      await clock.settle();
      const endMs = nowMs + durationMs;
      while (await fireNext(endMs));
      nowMs = endMs;
      await clock.settle();
    },
    async runUntil(done, withinMs) {
      await clock.settle();
      const limitMs = nowMs + withinMs;
      while (!(await done())) {
        if (!(await fireNext(limitMs)))
          throw new Error(`Not done after ${withinMs} ms of world time (${timers.size} timers left)`);
      }
    },
  };

  const fireDue = () => {
    const next = nextTimer();
    if (!next || next[1].dueMs > nowMs) return;
    timers.delete(next[0]);
    next[1].run();
  };

  return clock;
}

/** Makes `Date` in this process (or Jest context) tell world time. Timers stay real. Returns the function that puts `Date` back. */
export function installWorldDate(clock: Clock): () => void {
  const WorldDate: DateConstructor = new Proxy(RealDate, {
    construct: (target, args, newTarget): Date =>
      Reflect.construct(target, args.length === 0 ? [clock.now()] : args, newTarget === WorldDate ? target : newTarget),
    apply: () => new RealDate(clock.now()).toString(),
    get: (target, key) => (key === 'now' ? clock.now : Reflect.get(target, key)),
  });
  globalThis.Date = WorldDate;
  return () => {
    globalThis.Date = RealDate;
  };
}
