/**
 * The five activities, by verb, and what travels between them and the orchestrations. No specs: a new kind of resource changes no running
 * history. Inputs and answers only grow: instances of an earlier release still run.
 */
import { z } from 'zod';
import type { OperationPhase } from '../model/operation.js';
import type { Outcome } from '../model/outcome.js';
import { ProblemSchema } from '../model/problem.js';

const attempt = { operationId: z.string(), attempt: z.int() };
const direction = z.enum(['forward', 'back']);

/** Input of `make`, `look` and `remove`: which step of which attempt, going where. */
export const StepCallSchema = z.object({
  ...attempt,
  direction,
  /** Index of the move. */
  step: z.int(),
  resume: z.string().optional(),
});
export type StepCall = z.infer<typeof StepCallSchema>;

export const SurveyCallSchema = z.object({ ...attempt, resume: z.string().optional() });
export type SurveyCall = z.infer<typeof SurveyCallSchema>;

/**
 * What the frame writes between the walks. `claim`: this attempt has the say. `admit`: its slot in the fleet has come. `enter`: before a stage
 * that removes. `give-up`: a step's deadline is over. `turn`: a lane failed or was stopped: park, or go back. `end`. `overdue`: something has
 * been busy for hours, tell an operator.
 */
export const RecordCallSchema = z.discriminatedUnion('what', [
  z.object({ ...attempt, what: z.literal('claim') }),
  z.object({ ...attempt, what: z.literal('admit'), resume: z.string().optional() }),
  z.object({ ...attempt, what: z.literal('enter'), stage: z.int() }),
  z.object({ ...attempt, what: z.literal('give-up'), direction, step: z.int(), problem: ProblemSchema }),
  /** `direction`: the way that it was going, so that a turn that is repeated is known to be one. */
  z.object({ ...attempt, what: z.literal('turn'), direction: direction.optional(), resume: z.string().optional() }),
  z.object({ ...attempt, what: z.literal('end'), resume: z.string().optional() }),
  z.object({ ...attempt, what: z.literal('overdue'), step: z.int().optional(), code: z.string(), hours: z.number() }),
]);
export type RecordCall = z.infer<typeof RecordCallSchema>;

/** A step as the orchestration sees it: which activity, when to look, when to give up. */
export interface CourseStep {
  step: number;
  activity: 'make' | 'look' | 'remove';
  usualSeconds: number;
  deadlineSeconds: number;
}

/** Steps one after another; `notBefore` (ISO time) is the operation's slot in the fleet. */
export interface CourseLane {
  steps: CourseStep[];
  notBefore?: string;
}

/** The way from here: stages of lanes of steps. `enters`: the stage removes, or closes or opens the access, which is recorded
 * first. */
export interface Course {
  direction: 'forward' | 'back';
  /** Something has been removed already: nobody gives up any more. */
  isPivoted?: boolean;
  stages: { enters?: 'removal' | 'state'; lanes: CourseLane[] }[];
}

/** Answer of `survey` and `record`: the way to walk, or how it ended. `refused` = a stop came first: it goes back. `stopped` = another attempt has the say. */
export type FrameAnswer = Outcome | { kind: 'ready'; course?: Course; ended?: OperationPhase };

/** Activities by name; what they throw is a fault of ours and counts as busy. */
export const ACTIVITIES = {
  survey: { name: 'survey', input: SurveyCallSchema },
  make: { name: 'make', input: StepCallSchema },
  look: { name: 'look', input: StepCallSchema },
  remove: { name: 'remove', input: StepCallSchema },
  record: { name: 'record', input: RecordCallSchema },
} as const;
export type ActivityName = keyof typeof ACTIVITIES;
