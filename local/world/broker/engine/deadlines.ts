/**
 * Thousands of due times on one timer. Every lock, time-to-live and scheduled message has a due time, and nearly all
 * are cancelled before they are reached; one clock timer for the earliest keeps that cheap.
 */
import type { ClockTimer } from '../../../clock.js';
import { Heap } from './heap.js';

/** The part of a clock that deadlines need: world time or wire time. */
export interface TimeSource {
  now(): number;
  after(delayMs: number, run: () => void): ClockTimer;
}

interface Deadline {
  atMs: number;
  run: () => void;
  cancelled: boolean;
}

/** Cancelled entries are swept out when they outnumber the live ones and this many. */
const SWEEP_MIN = 1_000;

export class Deadlines {
  private readonly heap = new Heap<Deadline>((deadline) => deadline.atMs);
  private cancelledCount = 0;
  private timer: { atMs: number; handle: ClockTimer } | undefined;

  constructor(private readonly time: TimeSource) {}

  /** Runs `run` at `atMs` (epoch milliseconds of this time source), or as soon as possible when that has passed. */
  at(atMs: number, run: () => void): ClockTimer {
    const deadline: Deadline = { atMs, run, cancelled: false };
    this.heap.push(deadline);
    this.arm();
    return { cancel: () => this.cancel(deadline) };
  }

  close(): void {
    this.heap.retain(() => false);
    this.arm();
  }

  private cancel(deadline: Deadline): void {
    if (deadline.cancelled) return;
    deadline.cancelled = true;
    this.cancelledCount++;
    if (this.cancelledCount > SWEEP_MIN && this.cancelledCount > this.heap.size / 2) {
      this.heap.retain((entry) => !entry.cancelled);
      this.cancelledCount = 0;
    }
    this.arm();
  }

  /**
   * Keeps exactly one clock timer, for the earliest live deadline: a test that runs from timer to timer sees no empty
   * ones.
   */
  private arm(): void {
    while (this.heap.peek()?.cancelled) {
      this.heap.pop();
      this.cancelledCount--;
    }
    const next = this.heap.peek();
    if (this.timer && this.timer.atMs === next?.atMs) return;
    this.timer?.handle.cancel();
    this.timer = next && {
      atMs: next.atMs,
      handle: this.time.after(Math.max(0, next.atMs - this.time.now()), () => this.fire()),
    };
  }

  private fire(): void {
    this.timer = undefined;
    const nowMs = this.time.now();
    for (let next = this.heap.peek(); next && next.atMs <= nowMs; next = this.heap.peek()) {
      this.heap.pop();
      if (next.cancelled) this.cancelledCount--;
      else {
        next.cancelled = true;
        next.run();
      }
    }
    this.arm();
  }
}
