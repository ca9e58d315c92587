/**
 * What a rewind takes out of a failed instance's history: the end, and the tasks that led to it, so that they are scheduled again. A child that
 * failed is kept and rewound itself. The Azure Storage provider takes out every failed task
 * (https://github.com/Azure/durabletask, AzureTableTrackingStore), also those that a retry or a `catch` has dealt with, which the replay then
 * misses; here only the failures of the last awaited action count.
 */
import { EventType, type HistoryEvent } from './history.js';

export interface Rewound {
  history: HistoryEvent[];
  /** Failed sub-orchestrations to rewind. */
  children: string[];
}

export function rewindHistory(
  history: HistoryEvent[],
  failedTaskIds: ReadonlySet<number>,
  isFailedInstance: (id: string) => boolean,
): Rewound {
  const children = history.filter(
    (event) =>
      event.EventType === EventType.SubOrchestrationInstanceCreated &&
      failedTaskIds.has(event.EventId) &&
      isFailedInstance(event.InstanceId!),
  );
  const isRepeated = (event: HistoryEvent) => failedTaskIds.has(event.EventId) && !children.includes(event);
  const isOutcome = (event: HistoryEvent) => failedTaskIds.has(event.TaskScheduledId ?? event.TimerId ?? -1);
  return {
    history: history.filter(
      (event) => event.EventType !== EventType.ExecutionCompleted && !isRepeated(event) && !isOutcome(event),
    ),
    children: children.map((event) => event.InstanceId!),
  };
}
