/**
 * History events of an orchestration, in the form that durable-functions reads: PascalCase, numbered types, inputs and results as JSON text.
 * Numbers and fields follow the Durable Task Framework (https://github.com/Azure/durabletask, src/DurableTask.Core/History).
 */
export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionFailed: 2,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventSent: 14,
  EventRaised: 15,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
  ExecutionRewound: 21,
} as const;

export type EventTypeName = keyof typeof EventType;

export function eventTypeName(type: number): EventTypeName {
  return Object.entries(EventType).find(([, value]) => value === type)![0] as EventTypeName;
}

/** Structured error of a task, which the library turns into a `TaskFailedError`. */
export interface FailureDetails {
  ErrorType: string;
  ErrorMessage: string;
  StackTrace?: string;
  IsNonRetriable?: boolean;
  Properties?: Record<string, unknown>;
}

/** Who waits for a sub-orchestration. */
export interface ParentInstance {
  InstanceId: string;
  ExecutionId: string;
  Name: string;
  TaskScheduledId: number;
}

export interface HistoryEvent {
  EventType: number;
  /** Task id for what the orchestrator scheduled, -1 otherwise. */
  EventId: number;
  Timestamp: string;
  IsPlayed: boolean;
  Name?: string;
  Version?: string | null;
  Input?: string | null;
  InstanceId?: string;
  ParentInstance?: ParentInstance;
  TaskScheduledId?: number;
  TimerId?: number;
  FireAt?: string;
  Result?: string | null;
  Reason?: string;
  Details?: string;
  FailureDetails?: FailureDetails;
  OrchestrationStatus?: string;
}

type EventFields = Omit<Partial<HistoryEvent>, 'EventType' | 'Timestamp' | 'IsPlayed'>;

/** The latest one: most events of a turn have the same time. */
let latestTime = { epochMs: Number.NaN, iso: '' };

export function isoTime(epochMs: number): string {
  if (latestTime.epochMs !== epochMs) latestTime = { epochMs, iso: new Date(epochMs).toISOString() };
  return latestTime.iso;
}

/** A new event, stamped with world time. */
export function historyEvent(type: EventTypeName, nowMs: number, fields: EventFields = {}): HistoryEvent {
  return {
    EventType: EventType[type],
    EventId: -1,
    IsPlayed: false,
    Timestamp: isoTime(nowMs),
    ...fields,
  };
}
