/**
 * Writes that meet. Answers take no world time here, so two writes never overlap by themselves; with contention switched on, a write holds
 * its resource for a short window of world time, and another one meanwhile gets the conflict that the field knows.
 */
import type { Azure } from '../azure.js';
import type { Call, ResourceType } from './resource-type.js';

/** Far more than can be held at once; expired windows are dropped when it is reached. */
const WINDOWS_MAX = 1_000;

/** What is held until when, in world milliseconds. Kept in memory: a window is shorter than any restart. */
export class Contention {
  #untilMs = new Map<string, number>();

  constructor(public isOn: boolean) {}

  isHeld(subject: string, nowMs: number): boolean {
    return this.isOn && (this.#untilMs.get(subject) ?? 0) > nowMs;
  }

  hold(subject: string, nowMs: number, durationMs: number): void {
    if (!this.isOn) return;
    if (this.#untilMs.size >= WINDOWS_MAX) {
      this.#untilMs = new Map([...this.#untilMs].filter(([, untilMs]) => untilMs > nowMs));
    }
    this.#untilMs.set(subject, nowMs + durationMs);
  }
}

/** Runs a write: refused while what it needs is held, and holding that itself once it went through. */
export function contend<T>(call: Call, type: ResourceType, write: () => T): T {
  const { azure, key } = call;
  const subject = type.contention?.holds(key, call);
  if (subject !== undefined && azure.contention.isHeld(subject, azure.clock.now())) {
    throw type.contention?.refusal(subject);
  }
  const result = write();
  holdOn(azure, type, key, subject);
  return result;
}

/** After an operation has ended, other services still see the resource at work for a moment. */
export function holdOn(azure: Azure, type: ResourceType, key: string, subject = type.contention?.holds(key)): void {
  if (!type.contention || subject === undefined) return;
  azure.contention.hold(subject, azure.clock.now(), azure.latency(type.contention.latency, subject));
}
