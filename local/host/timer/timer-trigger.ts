/**
 * Timer triggers: each runs on its schedule, never twice at a time. When it last ran is stored, so that a run missed while the host was down is
 * made up for, marked as past due.
 */
import type { Clock, ClockTimer } from '../../clock.js';
import { type AppFunction, textOption } from '../app-functions.js';
import type { InFlight } from '../in-flight.js';
import type { Invoker } from '../invoker.js';
import type { Store } from '../store.js';
import type { TypedData } from '../typed-data.js';
import { nextOccurrence } from './ncrontab.js';

/** More frequent schedules are not monitored: a missed run is soon followed by the next. The same bound as on Azure. */
const MONITORED_INTERVAL_MIN_MS = 60_000;

interface ScheduleStatus {
  lastMs: number | null;
  nextMs: number;
  updatedMs: number;
}

export interface TimerDependencies {
  clock: Clock;
  store: Store;
  invoker: Invoker;
  inFlight: InFlight;
}

export class TimerTrigger {
  readonly #schedule: string;
  readonly #isMonitored: boolean;
  #timer: ClockTimer | undefined;
  #stopped = false;

  /** Throws for a schedule that can't be read. */
  constructor(
    private readonly fn: AppFunction,
    private readonly deps: TimerDependencies,
  ) {
    const schedule = textOption(fn.trigger, 'schedule');
    if (!schedule) throw new Error(`Timer function "${fn.name}" has no schedule.`);
    this.#schedule = schedule;
    const firstMs = nextOccurrence(schedule, deps.clock.now());
    const intervalMs = nextOccurrence(schedule, firstMs) - firstMs;
    this.#isMonitored = fn.trigger['useMonitor'] !== false && intervalMs >= MONITORED_INTERVAL_MIN_MS;
  }

  start(): void {
    const status = this.#readStatus();
    const missed = status !== undefined && status.nextMs <= this.deps.clock.now();
    if (missed || this.fn.trigger['runOnStartup'] === true) this.#begin(missed);
    else this.#arm(status?.lastMs ?? null);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Runs the function now, outside its schedule. */
  async runNow(): Promise<void> {
    await this.deps.invoker.invoke(this.fn, { data: this.#triggerData(false) });
  }

  #arm(lastMs: number | null): void {
    const { clock } = this.deps;
    const nextMs = nextOccurrence(this.#schedule, clock.now());
    this.#writeStatus({ lastMs, nextMs, updatedMs: clock.now() });
    if (this.#stopped) return;
    this.#timer = clock.after(nextMs - clock.now(), () => this.#due(nextMs));
  }

  /** A scaled clock may ring a rounding early; then the rest is waited for. */
  #due(nextMs: number): void {
    const leftMs = nextMs - this.deps.clock.now();
    if (leftMs > 0) this.#timer = this.deps.clock.after(leftMs, () => this.#due(nextMs));
    else this.#begin(false);
  }

  #begin(isPastDue: boolean): void {
    void this.deps.inFlight.track(() => this.#run(isPastDue));
  }

  async #run(isPastDue: boolean): Promise<void> {
    const startedMs = this.deps.clock.now();
    try {
      await this.deps.invoker.invoke(this.fn, { data: this.#triggerData(isPastDue) });
    } catch {
      // The invoker has logged it; a failed run is not repeated, the next one comes on schedule.
    }
    this.#arm(startedMs);
  }

  #triggerData(isPastDue: boolean): TypedData {
    const status = this.#readStatus();
    const iso = (epochMs: number | null) => new Date(epochMs ?? 0).toISOString();
    const ScheduleStatus = status && {
      Last: iso(status.lastMs),
      Next: iso(status.nextMs),
      LastUpdated: iso(status.updatedMs),
    };
    return {
      json: JSON.stringify({
        Schedule: { AdjustForDST: true },
        ScheduleStatus: ScheduleStatus ?? null,
        IsPastDue: isPastDue,
      }),
    };
  }

  #readStatus(): ScheduleStatus | undefined {
    return this.#isMonitored ? this.deps.store.schedule<ScheduleStatus>(this.fn.name) : undefined;
  }

  #writeStatus(status: ScheduleStatus): void {
    if (this.#isMonitored) this.deps.store.putSchedule(this.fn.name, status);
  }
}
