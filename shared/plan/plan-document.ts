/**
 * The plan of an operation as it is kept: what was asked for, then, frozen when the operation begins, what is done about it. It stands beside
 * the operation, so that the small document that every step patches stays small.
 */
import type { TeamAccessRequest } from '../model/request.js';
import type { Moves } from './moves.js';

/** What is wanted of the subject by this operation; checked, and without anything that names a scope. */
export type Target =
  | { kind: 'team-access'; spec: TeamAccessRequest['spec']; keyGeneration: number }
  | { kind: 'shared-model'; generation: number }
  | { kind: 'nothing' };

export interface PlanDocument {
  id: string;
  team: string;
  type: 'plan';
  operationId: string;
  target: Target;
  /** Titles of the steps in their order: for show at first, of the frozen moves then. */
  titles: string[];
  /** Frozen by the worker at the first survey. */
  moves?: Moves;
  moveHash?: string;
}

export const planId = (operationId: string): string => `plan_${operationId}`;

/** What one look at everything planned and held found; the newest attempt's. */
export interface SurveyDocument {
  id: string;
  team: string;
  type: 'survey';
  operationId: string;
  attempt: number;
  at: string;
  found: Record<string, Verdict>;
}

export const surveyId = (operationId: string): string => `survey_${operationId}`;

/** What a look says of one resource. `different` names the paths that differ. */
export interface Verdict {
  is: 'absent' | 'ours' | 'different' | 'foreign' | 'deleted';
  paths?: string[];
}
