/** Actions that an orchestrator returns (durable-functions 3.5.0, replay schema V3), as plain data. */
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

const ADVICE: Record<number | string, string> = {
  [ActionType.CallHttp]: 'context.df.callHttp is not supported by the embedded host; call HTTP from an activity.',
  [ActionType.LockEntities]: 'Entity locks are not supported by the embedded host.',
  [ActionType.ReleaseEntities]: 'Entity locks are not supported by the embedded host.',
  retryTimeout:
    'retryTimeoutInMilliseconds has expired, after which durable-functions 3.5.0 waits for ever. Bound retries with maxNumberOfAttempts.',
};

/** The orchestrator asked for something that this host does not do; the orchestration fails with this message. */
export class UnsupportedActionError extends Error {
  constructor(what: number | string) {
    super(ADVICE[what] ?? `Orchestrator action ${what} is not known to the embedded host.`);
  }
}
