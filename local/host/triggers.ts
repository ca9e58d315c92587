/** The triggers that call the app by themselves (timers, Service Bus), started and stopped together. */
import type { AppFunction } from './app-functions.js';
import { type ServiceBusDependencies, ServiceBusTrigger } from './service-bus/service-bus-trigger.js';
import { type TimerDependencies, TimerTrigger } from './timer/timer-trigger.js';

export class Triggers {
  readonly #timers = new Map<AppFunction, TimerTrigger>();
  readonly #buses = new Map<AppFunction, ServiceBusTrigger>();

  /** Throws for a trigger whose options can't be served. */
  constructor(functions: AppFunction[], deps: TimerDependencies & ServiceBusDependencies) {
    for (const fn of functions) {
      if (fn.disabled) continue;
      if (fn.trigger.type === 'timerTrigger') this.#timers.set(fn, new TimerTrigger(fn, deps));
      if (fn.trigger.type === 'serviceBusTrigger') this.#buses.set(fn, new ServiceBusTrigger(fn, deps));
    }
  }

  start(): void {
    for (const trigger of [...this.#timers.values(), ...this.#buses.values()]) trigger.start();
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.values()) timer.stop();
    await Promise.all([...this.#buses.values()].map((bus) => bus.stop()));
  }

  /** Runs a function by hand; undefined if it has another trigger. */
  fire(fn: AppFunction, input: string): (() => Promise<void>) | undefined {
    const timer = this.#timers.get(fn);
    const bus = this.#buses.get(fn);
    if (timer) return () => timer.runNow();
    return bus && (() => bus.runNow(input));
  }
}
