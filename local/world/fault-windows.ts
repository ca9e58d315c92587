/**
 * Faults that end by themselves. `forSeconds` of world time count from the moment at which a fault is set, whoever sets it, so setting one has to
 * be noticed.
 */
import { z } from 'zod';

/** When a fault is over. Without either field it lasts until it is used up or taken away. */
export interface FaultWindow {
  /** World seconds from when the fault is set. */
  forSeconds?: number;
  /** World time, epoch milliseconds. Follows from `forSeconds`, unless it is given. */
  untilMs?: number;
}

export const faultWindow = { forSeconds: z.number().positive().optional(), untilMs: z.number().optional() };

/** Gives a fault its end, from now. */
export function dated<Fault extends FaultWindow>(fault: Fault, nowMs: number): Fault {
  if (fault.forSeconds === undefined || fault.untilMs !== undefined) return fault;
  return { ...fault, untilMs: nowMs + fault.forSeconds * 1_000 };
}

export function isOver({ untilMs }: FaultWindow, nowMs: number): boolean {
  return untilMs !== undefined && untilMs <= nowMs;
}

/**
 * The same faults for those who set them: what is assigned, at any depth, gets its end and is told. What is there already is dated at once. The
 * simulator goes on reading, and counting down, the object that was given.
 */
export function noticing<Faults extends object>(faults: Faults, nowMs: () => number, onChange = () => {}): Faults {
  const dateAll = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(dateAll);
    const inner = Object.entries(value).map(([name, one]) => [name, dateAll(one)]);
    return dated(Object.fromEntries(inner) as FaultWindow, nowMs());
  };
  Object.assign(faults, dateAll(faults));
  const notice = <T extends object>(object: T): T =>
    new Proxy(object, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'object' && value !== null ? notice(value) : value;
      },
      set(target, name, value) {
        const done = Reflect.set(target, name, dateAll(value));
        onChange();
        return done;
      },
      deleteProperty(target, name) {
        const done = Reflect.deleteProperty(target, name);
        onChange();
        return done;
      },
    });
  return notice(faults);
}
