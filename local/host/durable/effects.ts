/** What follows from a turn outside its own instance: activities, timers, children, entities, and the news to a parent. */
import type { EntityRequest, InstanceRow } from '../store.js';
import { createInstance, type DurableContext } from './context.js';
import { releaseRequest } from './entity-requests.js';
import { EventType, type FailureDetails, historyEvent } from './history.js';
import type { Outbox } from './outbox.js';
import type { Decision } from './replay.js';

export interface Failure {
  reason: string;
  details?: FailureDetails;
}

export function dispatch(context: DurableContext, outbox: Outbox, row: InstanceRow, decisions: Decision[]): void {
  for (const decision of decisions) {
    switch (decision.EventType) {
      case EventType.TaskScheduled:
        scheduleActivity(outbox, row, decision);
        break;
      case EventType.TimerCreated:
        setTimer(outbox, row, decision);
        break;
      case EventType.EventSent:
        callEntity(outbox, row, decision);
        break;
      case EventType.SubOrchestrationInstanceCreated:
        startChild(context, outbox, row, decision);
    }
  }
}

/** Tells the parent, if there is one, how its sub-orchestration ended. */
export function notifyParent(outbox: Outbox, row: InstanceRow, failure: Failure | undefined, nowMs: number): void {
  if (!row.parent) return;
  const { InstanceId: target, ExecutionId: executionId, TaskScheduledId } = row.parent;
  const event = failure
    ? historyEvent('SubOrchestrationInstanceFailed', nowMs, {
        TaskScheduledId,
        Reason: failure.reason,
        Details: `Sub-orchestration '${row.id}'`,
        ...(failure.details && { FailureDetails: failure.details }),
      })
    : historyEvent('SubOrchestrationInstanceCompleted', nowMs, { TaskScheduledId, Result: row.output });
  outbox.send({ target, dueMs: 0, executionId, event });
}

/** Asks a failed instance to go back to before its failure. */
export function sendRewind(outbox: Outbox, id: string, reason: string, nowMs: number): void {
  outbox.send({ target: id, dueMs: 0, event: historyEvent('ExecutionRewound', nowMs, { Reason: reason }) });
}

/** Gives back the entities that an orchestration still holds when it ends. */
export function releaseLocks({ store }: DurableContext, outbox: Outbox, instanceId: string): void {
  for (const { entityId, lockId } of store.locksOf(instanceId))
    outbox.send({ target: entityId, dueMs: 0, request: releaseRequest(lockId) });
}

function scheduleActivity(outbox: Outbox, { id, executionId }: InstanceRow, decision: Decision): void {
  outbox.schedule({
    instanceId: id,
    executionId,
    taskId: decision.EventId,
    name: decision.Name!,
    input: decision.Input!,
  });
}

function setTimer(outbox: Outbox, { id, executionId }: InstanceRow, decision: Decision): void {
  const dueMs = Date.parse(decision.FireAt!);
  const event = historyEvent('TimerFired', dueMs, { TimerId: decision.EventId, FireAt: decision.FireAt });
  outbox.send({ target: id, dueMs, executionId, event });
}

function callEntity(outbox: Outbox, { id, executionId }: InstanceRow, decision: Decision): void {
  const request = JSON.parse(decision.Input!) as EntityRequest;
  request.caller = { instanceId: id, executionId };
  outbox.send({ target: decision.InstanceId!, dueMs: 0, request });
}

/** A child that can't start fails its task at once. */
function startChild(context: DurableContext, outbox: Outbox, row: InstanceRow, decision: Decision): void {
  const name = decision.Name!;
  const id = decision.InstanceId!;
  const parent = {
    InstanceId: row.id,
    ExecutionId: row.executionId,
    Name: row.name,
    TaskScheduledId: decision.EventId,
  };
  const child = { id, name, input: decision.Input ?? null, version: decision.Version ?? undefined, parent };
  let refusal: string | undefined;
  if (!context.functions.find('orchestrationTrigger', name))
    refusal = `The app has no orchestrator function '${name}'.`;
  else if (!createInstance(context, outbox, child)) refusal = `An instance with id '${id}' is already running.`;
  if (refusal === undefined) return;
  const event = historyEvent('SubOrchestrationInstanceFailed', context.clock.now(), {
    TaskScheduledId: decision.EventId,
    Reason: `Sub-orchestration '${name}' could not start: ${refusal}`,
    Details: '',
  });
  outbox.send({ target: row.id, dueMs: 0, executionId: row.executionId, event });
}
