/** Calls an orchestrator function with its history and reads its answer: the state it returns, or the state inside the error it throws. */
import type { AppFunction } from '../app-functions.js';
import type { Invoker } from '../invoker.js';
import type { InstanceRow } from '../store.js';
import { toJson } from '../typed-data.js';
import type { OrchestratorState } from './actions.js';

/** Marks the state in the message of an orchestrator's error (durable-functions, OrchestrationFailureError). */
const STATE_LABEL = '\n\n$OutOfProcData$:';

/** Replay schema V3, the highest that every released extension bundle knows; with it `df.lock` explains itself. */
const REPLAY_SCHEMA_V3 = 2;

export interface OrchestratorAnswer {
  state: OrchestratorState;
  /** The orchestrator threw; `state.error` is its message. */
  threw: boolean;
}

/**
 * @param playedEvents JSON texts of the events of former turns
 * @param newEvents JSON texts of this turn's events
 * Throws if the function could not run at all.
 */
export async function callOrchestrator(
  invoker: Invoker,
  fn: AppFunction,
  row: InstanceRow,
  playedEvents: string[],
  newEvents: string[],
): Promise<OrchestratorAnswer> {
  const json = triggerJson(row, playedEvents, newEvents);
  try {
    const returned = await invoker.invoke(fn, { data: { json } });
    return { state: JSON.parse(toJson(returned)) as OrchestratorState, threw: false };
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const start = message.indexOf(STATE_LABEL);
    if (start < 0) throw error;
    return { state: JSON.parse(message.slice(start + STATE_LABEL.length)) as OrchestratorState, threw: true };
  }
}

/** The trigger value. Put together from texts, since the history is stored as text and may be long. */
function triggerJson(row: InstanceRow, playedEvents: string[], newEvents: string[]): string {
  const rest = JSON.stringify({
    instanceId: row.id,
    isReplaying: playedEvents.length > 0,
    parentInstanceId: row.parent?.InstanceId,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: REPLAY_SCHEMA_V3,
    maximumShortTimerDuration: '6.00:00:00',
    longRunningTimerIntervalDuration: '3.00:00:00',
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  });
  return `{"history":[${[...playedEvents, ...newEvents].join()}],"input":${row.input ?? 'null'},${rest.slice(1)}`;
}
