/** Calls an orchestrator function with its history and reads its answer: the state it returns, or the state inside the error it throws. */
import type { AppFunction } from '../app-functions.js';
import type { Invoker } from '../invoker.js';
import type { InstanceRow } from '../store.js';
import { toJson } from '../typed-data.js';
import type { OrchestratorState } from './actions.js';
import type { HistoryEvent } from './history.js';
import { DEFAULT_POLL_MS } from './http-call.js';

/** Marks the state in the message of an orchestrator's error (durable-functions, OrchestrationFailureError). */
const STATE_LABEL = '\n\n$OutOfProcData$:';

/** Replay schema V4, which entity locks need; an extension older than 3.13.0 offers V3, and `df.lock` throws there. */
const REPLAY_SCHEMA_V4 = 3;

/** An event as the library keeps it: it turns `Timestamp` into a date, in place, so these are copies of ours. */
export type LibraryEvent = Omit<HistoryEvent, 'Timestamp'> & { Timestamp: string | Date };

export interface OrchestratorAnswer {
  state: OrchestratorState;
  /** The orchestrator threw; `state.error` is its message. */
  threw: boolean;
}

/**
 * @param history in the form that `LibraryEvent` describes; the events of this turn are not played yet
 * Throws if the function could not run at all.
 */
export async function callOrchestrator(
  invoker: Invoker,
  fn: AppFunction,
  row: InstanceRow,
  history: LibraryEvent[],
): Promise<OrchestratorAnswer> {
  try {
    const returned = await invoker.invoke(fn, { data: {}, value: triggerValue(row, history) });
    return { state: JSON.parse(toJson(returned)) as OrchestratorState, threw: false };
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const start = message.indexOf(STATE_LABEL);
    if (start < 0) throw error;
    return { state: JSON.parse(message.slice(start + STATE_LABEL.length)) as OrchestratorState, threw: true };
  }
}

/**
 * The trigger value, as the library would have parsed it from JSON. The input is parsed anew, since the orchestrator may change it; the events
 * of the history never reach the orchestrator, only values that the library parses from them.
 */
function triggerValue(row: InstanceRow, history: LibraryEvent[]) {
  return {
    history,
    input: row.input === null ? null : (JSON.parse(row.input) as unknown),
    instanceId: row.id,
    isReplaying: history[0]?.IsPlayed ?? false,
    parentInstanceId: row.parent?.InstanceId,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: REPLAY_SCHEMA_V4,
    maximumShortTimerDuration: '6.00:00:00',
    longRunningTimerIntervalDuration: '3.00:00:00',
    defaultHttpAsyncRequestSleepTimeMillseconds: DEFAULT_POLL_MS,
  };
}
