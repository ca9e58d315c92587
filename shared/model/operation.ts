/**
 * The operation: hai's record of one run for a subject, with every planned step visible from the start. It is small, since every step patches
 * it; what it runs by (the frozen plan) stands beside it. States only move forward within an attempt.
 */
import type { Direction } from './ledger.js';
import type { Problem } from './problem.js';

/** Every kind of operation. */
export const OPERATION_KINDS = ['provision-team-access', 'deploy-kaito-model', 'retire-kaito-model'] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

/**
 * `queued`: waits in the subject's line. `accepted`: holds the lane, its command is out. `held`: failed, kept for investigation. `stuck`: a
 * removal was refused. Held and stuck keep the lane and wait for a person.
 */
export const OPERATION_PHASES = [
  'queued',
  'accepted',
  'running',
  'unwinding',
  'succeeded',
  'failed',
  'canceled',
  'held',
  'stuck',
] as const;
export type OperationPhase = (typeof OPERATION_PHASES)[number];

/** The closed set that clients of long-running operations know (Microsoft REST guidelines). */
export const OPERATION_STATUSES = ['NotStarted', 'Running', 'Succeeded', 'Failed', 'Canceled'] as const;
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

const STATUS_OF: Record<OperationPhase, OperationStatus> = {
  queued: 'NotStarted',
  accepted: 'NotStarted',
  running: 'Running',
  unwinding: 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
  canceled: 'Canceled',
  held: 'Failed',
  stuck: 'Failed',
};

export const statusOf = (phase: OperationPhase): OperationStatus => STATUS_OF[phase];

/** Ended for good: listeners have been told, the lane is given on. */
export const hasEnded = (phase: OperationPhase): boolean => ['succeeded', 'failed', 'canceled'].includes(phase);

/** Nothing moves by itself: ended, or parked until a person decides. */
export const isAtRest = (phase: OperationPhase): boolean => hasEnded(phase) || isParked(phase);
export const isParked = (phase: OperationPhase): boolean => phase === 'held' || phase === 'stuck';

/** A step's states in the order in which they may follow each other; a state replaces its like or an earlier one. */
export const STEP_STATUSES = [
  'pending',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'undoing',
  'undone',
  'undo-failed',
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

const STEP_RANK: Record<StepStatus, number> = {
  pending: 0,
  running: 1,
  waiting: 1,
  succeeded: 2,
  failed: 2,
  undoing: 3,
  undone: 4,
  'undo-failed': 4,
};

/** The states that `status` may replace: late messages and repeated activities cannot turn a step back. */
export const replaceableBy = (status: StepStatus): StepStatus[] =>
  STEP_STATUSES.filter((other) => STEP_RANK[other] <= STEP_RANK[status]);

export interface OperationStep {
  id: string;
  status: StepStatus;
  startedAt?: string;
  endedAt?: string;
  /** What a waiting step waits for, in words an operator would use. */
  waitingFor?: string;
  /** The latest moment at which a waiting step says something again; later than that, somebody takes over. */
  wakesAt?: string;
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

/** Whom to tell of the end besides the origin: somebody who asked for the same. */
export type Listener = Pick<Origin, 'ticket' | 'traceparent'>;

/** Why an operation is to walk back: somebody canceled it, or a step failed. */
export type Stop = 'cancel' | 'failed';

export interface OperationDocument {
  id: string;
  /** Partition: a team's slug, or `model_<name>`. */
  team: string;
  type: 'operation';
  kind: OperationKind;
  /** `team-alpha`, or the model's name. */
  subject: string;
  phase: OperationPhase;
  attempt: number;
  /** The newest attempt whose instance has begun. */
  claimed?: number;
  direction: Direction;
  stop?: Stop;
  /** Set before the first removal: from here it only goes forward. */
  pivot?: boolean;
  /** The newest attempt that has surveyed; absent before the first survey. */
  surveyed?: number;
  /** What to do when a step fails. */
  failurePolicy: 'undo' | 'hold';
  specHash?: string;
  /** The ended operation that this one repeats. */
  retryOf?: string;
  /** Counts the accepted specifications of the subject, or the deployments of a model. */
  generation: number;
  origin: Origin;
  listeners?: Listener[];
  /** How many listen: a join and the end never miss each other. */
  joined?: number;
  steps: OperationStep[];
  createdAt: string;
  startedAt?: string;
  endedAt?: string;
  lastUpdatedAt: string;
  /** Its slot in the fleet, where that was still to come when it began: its quick lanes wait for it. */
  slotAt?: string;
  /** The latest moment at which a moving operation says something again. */
  wakesAt?: string;
  error?: Problem;
}

/** What lists show of an operation, besides its steps' states. */
export const LISTED_FIELDS = [
  'id',
  'kind',
  'subject',
  'phase',
  'attempt',
  'stop',
  'retryOf',
  'origin',
  'createdAt',
  'startedAt',
  'endedAt',
  'lastUpdatedAt',
  'error',
] as const satisfies readonly (keyof OperationDocument)[];

/** An operation as lists show it. */
export type ListedOperation = Pick<OperationDocument, (typeof LISTED_FIELDS)[number]> & {
  steps: Pick<OperationStep, 'status'>[];
};

/** Seconds a client should wait before it asks again; undefined when there is nothing to wait for. */
export function retryAfterSeconds(
  operation: Pick<OperationDocument, 'phase' | 'createdAt'>,
  nowMs: number,
): number | undefined {
  if (isAtRest(operation.phase)) return undefined;
  const ageSeconds = (nowMs - Date.parse(operation.createdAt)) / 1000;
  return ageSeconds < 60 ? 2 : ageSeconds < 300 ? 5 : 10;
}

/** Longest sleep of a wait by its own choice (a Retry-After may be longer): after it the wait says again that it lives. */
export const SLEEP_SECONDS_MAX = 5 * 60;

/**
 * How late a sign of life may be before its operation is taken over. A worker that was killed goes on by itself after up to 326 s on Azure
 * Storage (queue visibility, measured on the genuine host: findings H20).
 */
export const LATENESS_SECONDS = 6 * 60;

/** Is it time to take over: has the operation, or one of its waiting steps, missed its own word? */
export function isOverdue(operation: Pick<OperationDocument, 'phase' | 'wakesAt' | 'steps'>, nowMs: number): boolean {
  if (operation.phase !== 'running' && operation.phase !== 'unwinding') return false;
  const words = [
    operation.wakesAt,
    ...operation.steps.map(({ status, wakesAt }) => (isMoving(status) ? wakesAt : undefined)),
  ];
  return words.some((word) => word !== undefined && Date.parse(word) + LATENESS_SECONDS * 1000 < nowMs);
}

const isMoving = (status: StepStatus): boolean => ['running', 'waiting', 'undoing'].includes(status);
