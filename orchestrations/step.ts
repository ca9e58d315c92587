/**
 * The step protocol: what a step is (declared once as data), and the four ways in which an attempt to make it true can end. Expected outcomes
 * are values; whatever an activity throws is unexpected and repeated with a bound.
 */
import type { z } from 'zod';
import type { Problem } from '../shared/model/problem.js';

export type Outcome<Output> =
  | { kind: 'ready'; outputs: Output }
  /** Under way: ask again. `resume` continues what was begun. */
  | { kind: 'pending'; waitingFor: string; resume?: string; retryAfterSeconds?: number }
  /** Somebody else is writing, or a limit was hit: the same call again, later. */
  | { kind: 'busy'; code: string; retryAfterSeconds?: number }
  /** Will not become true by repeating. */
  | { kind: 'refused'; problem: Problem };

export const ready = <Output>(outputs: Output): Outcome<Output> => ({ kind: 'ready', outputs });
export const pending = (
  waitingFor: string,
  hint: { resume?: string; retryAfterSeconds?: number } = {},
): Outcome<never> => ({ kind: 'pending', waitingFor, ...hint });
export const busy = (code: string, retryAfterSeconds?: number): Outcome<never> => ({
  kind: 'busy',
  code,
  retryAfterSeconds,
});
export const refused = (problem: Problem): Outcome<never> => ({ kind: 'refused', problem });

/** When to look again, and when to give up. */
export interface Patience {
  /** When the step usually is done: the first look at something pending. */
  usualSeconds: number;
  /** After this long the step has failed. */
  deadlineSeconds: number;
}

/**
 * A step: makes `Input` true and returns `Output`. A step that can be undone first observes `Before`, what was there, which is durable
 * before anything is written.
 */
export interface StepContract<Input, Before, Output> extends Patience {
  /** Activities are `ensure-<name>` and, if it can be undone, `observe-<name>` and `undo-<name>`. */
  name: string;
  input: z.ZodType<Input>;
  output: z.ZodType<Output>;
  /** Schema of what was there; absent when nothing is undone, for the reason given. */
  before?: z.ZodType<Before>;
  noUndo?: string;
}

export const activityNames = ({ name }: { name: string }) => ({
  observe: `observe-${name}`,
  ensure: `ensure-${name}`,
  undo: `undo-${name}`,
});

/** Which step of which attempt an activity works for; enough to write its progress. */
export interface StepReference {
  operationId: string;
  attempt: number;
  stepId: string;
  stepIndex: number;
}

/** Input of the three activities of a step. */
export interface StepCall<Input, Before> {
  step: StepReference;
  input: Input;
  before?: Before;
  resume?: string;
  /** Set when this call only looks again at what an earlier one began. */
  isLook?: boolean;
}

/** An activity that is not a step: records, claims, publishes. */
export interface ActivityContract<Input, Output> {
  name: string;
  input: z.ZodType<Input>;
  output: z.ZodType<Output>;
}
