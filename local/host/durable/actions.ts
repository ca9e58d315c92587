/** Actions that an orchestrator returns (durable-functions 3.5.0, replay schema V4), as plain data. */
import type { DurableHttpRequest } from './http-call.js';

export const ActionType = {
  CallActivity: 0,
  CallActivityWithRetry: 1,
  CallSubOrchestrator: 2,
  CallSubOrchestratorWithRetry: 3,
  ContinueAsNew: 4,
  CreateTimer: 5,
  WaitForExternalEvent: 6,
  CallEntity: 7,
  CallHttp: 8,
  SignalEntity: 9,
  WhenAny: 11,
  WhenAll: 12,
  LockEntities: 13,
  ReleaseEntities: 14,
} as const;

export interface RetryOptions {
  firstRetryIntervalInMilliseconds: number;
  maxNumberOfAttempts: number;
  backoffCoefficient?: number;
  maxRetryIntervalInMilliseconds?: number;
  retryTimeoutInMilliseconds?: number;
}

export interface Action {
  actionType: number;
  functionName?: string;
  /** Of activities and continue-as-new: strings are JSON text already. Of sub-orchestrations and entities: the plain value. */
  input?: unknown;
  instanceId?: string;
  version?: string;
  retryOptions?: RetryOptions;
  fireAt?: string;
  isCanceled?: boolean;
  externalEventName?: string;
  operation?: string;
  compoundActions?: Action[];
  httpRequest?: DurableHttpRequest;
  lockSet?: { name: string; key: string }[];
  lockRequestId?: string;
}

/** The state that an orchestrator function returns, or throws with, each turn. */
export interface OrchestratorState {
  isDone: boolean;
  actions: Action[][];
  output?: unknown;
  error?: string;
  customStatus?: unknown;
  failureDetails?: import('./history.js').FailureDetails;
}

/** The orchestrator asked for something that this host can't do; the orchestration fails with this message. */
export class UnsupportedActionError extends Error {}
