/**
 * The operation: hai's record of one run for a team or for a shared model, with every planned step visible from the start. States only move
 * forward; the rank of a state is what the store compares when it patches.
 */
import type { Plan } from './plan.js';
import type { Problem } from './problem.js';

/** Where an operation is; `status` below is the closed set that clients of long-running operations know. */
export type OperationPhase = 'accepted' | 'running' | 'unwinding' | 'succeeded' | 'failed' | 'stuck';

export type OperationStatus = 'NotStarted' | 'Running' | 'Succeeded' | 'Failed' | 'Canceled';

const STATUS_OF: Record<OperationPhase, OperationStatus> = {
  accepted: 'NotStarted',
  running: 'Running',
  unwinding: 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
  stuck: 'Failed',
};

export const statusOf = (phase: OperationPhase): OperationStatus => STATUS_OF[phase];

export const hasEnded = (phase: OperationPhase): boolean => ['succeeded', 'failed', 'stuck'].includes(phase);

/** A step's state. `undo-failed` is what makes an operation stuck. */
export type StepStatus =
  | 'pending'
  | 'running'
  | 'waiting'
  | 'succeeded'
  | 'failed'
  | 'undoing'
  | 'undone'
  | 'undo-failed';

/** A state replaces another only if its rank is not lower: late messages and repeated activities cannot turn a step back. */
export const STEP_RANK: Record<StepStatus, number> = {
  pending: 0,
  running: 1,
  waiting: 1,
  succeeded: 2,
  failed: 2,
  undoing: 3,
  undone: 4,
  'undo-failed': 4,
};

export interface OperationStep {
  id: string;
  title: string;
  status: StepStatus;
  rank: number;
  startedAt?: string;
  endedAt?: string;
  /** What a waiting step waits for, in words an operator would use. */
  waitingFor?: string;
  error?: Problem;
}

/** Through which door a request came, and whom to answer. */
export interface Origin {
  door: 'http' | 'bus' | 'internal';
  /** Who asked: a caller id, or the sender's name for itself. */
  requestedBy: string;
  /** CloudEvents source and id, or the idempotency key: what makes a repeated request the same one. */
  source?: string;
  sourceId?: string;
  ticket?: string;
  traceparent?: string;
}

export interface OperationDocument {
  id: string;
  /** Partition: a team's slug, or `model_<name>`. */
  team: string;
  type: 'operation';
  kind: Plan['kind'];
  /** `team-alpha` or the model's name. */
  subject: string;
  phase: OperationPhase;
  attempt: number;
  /** Durable instance of the running attempt. */
  instanceId?: string;
  plan: Plan;
  planHash: string;
  specHash?: string;
  origin: Origin;
  steps: OperationStep[];
  createdAt: string;
  startedAt?: string;
  endedAt?: string;
  /** Also the heartbeat: every step and every poll moves it. */
  lastUpdatedAt: string;
  error?: Problem;
}

/** A new operation with all its steps pending. */
export function newOperation(
  fields: Pick<OperationDocument, 'id' | 'team' | 'subject' | 'plan' | 'planHash' | 'specHash' | 'origin'>,
  now: string,
): OperationDocument {
  return {
    ...fields,
    type: 'operation',
    kind: fields.plan.kind,
    phase: 'accepted',
    attempt: 1,
    steps: fields.plan.steps.map((step) => ({ ...step, status: 'pending', rank: STEP_RANK.pending })),
    createdAt: now,
    lastUpdatedAt: now,
  };
}

/** Seconds a client should wait before it asks again. */
export function retryAfterSeconds(
  operation: Pick<OperationDocument, 'phase' | 'createdAt'>,
  nowMs: number,
): number | undefined {
  if (hasEnded(operation.phase)) return undefined;
  const ageSeconds = (nowMs - Date.parse(operation.createdAt)) / 1000;
  return ageSeconds < 60 ? 2 : ageSeconds < 300 ? 5 : 10;
}
