/** How an instance looks from outside: the status document and its history, as the Durable HTTP API shows them. */
import type { InstanceRow } from '../store.js';
import { EventType, eventTypeName, type HistoryEvent } from './history.js';

export interface StatusOptions {
  showInput: boolean;
  history?: HistoryEvent[];
  showHistoryOutput?: boolean;
}

/** `input` and `output` must be there, or the client throws. */
export function statusView(row: InstanceRow, { showInput, history, showHistoryOutput = false }: StatusOptions) {
  return {
    name: row.name,
    instanceId: row.id,
    runtimeStatus: row.status,
    input: showInput ? parse(row.input) : null,
    customStatus: parse(row.customStatus),
    output: parse(row.output),
    createdTime: wholeSeconds(row.createdMs),
    lastUpdatedTime: wholeSeconds(row.updatedMs),
    ...(history && { historyEvents: historyView(history, showHistoryOutput) }),
  };
}

const HIDDEN: number[] = [
  EventType.OrchestratorStarted,
  EventType.OrchestratorCompleted,
  EventType.TaskScheduled,
  EventType.SubOrchestrationInstanceCreated,
  EventType.TimerCreated,
];

/** Scheduling and completion merged into one line each, turns left out. */
function historyView(history: HistoryEvent[], showOutput: boolean) {
  const scheduled = new Map(history.filter((event) => event.EventId >= 0).map((event) => [event.EventId, event]));
  return history
    .filter((event) => !HIDDEN.includes(event.EventType))
    .map(({ EventType: type, EventId, IsPlayed, TaskScheduledId, TimerId, Input, Result, ...rest }) => {
      const cause = scheduled.get(TaskScheduledId ?? TimerId ?? -1);
      return {
        EventType: eventTypeName(type),
        ...rest,
        ...(cause && { ScheduledTime: cause.Timestamp }),
        ...(cause?.Name && { FunctionName: cause.Name }),
        ...(showOutput && Result !== undefined && { Result: parse(Result) }),
        ...(showOutput && Input !== undefined && { Input: parse(Input) }),
      };
    });
}

function parse(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}

function wholeSeconds(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}
