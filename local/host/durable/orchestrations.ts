/** Turns of orchestrations: take the messages, replay, and write the history and everything that follows from it in one transaction. */
import { messageOf } from '../log.js';
import type { InstanceRow, Message, RuntimeStatus } from '../store.js';
import { type DurableContext, createInstance, isFinished, newExecutionId, sendExecutionStarted } from './context.js';
import { EventType, type FailureDetails, type HistoryEvent, historyEvent } from './history.js';
import { callOrchestrator } from './orchestrator-function.js';
import type { Outbox } from './outbox.js';
import { type Decision, replay } from './replay.js';

/** Instances whose history is kept in memory between turns; the longest unused one goes first. */
const CACHED_INSTANCES_MAX = 1_000;

interface LiveInstance {
  row: InstanceRow;
  history: HistoryEvent[];
  /** The same events as JSON text, marked as played. */
  texts: string[];
}

type Outcome =
  | { kind: 'waiting' }
  | { kind: 'continuedAsNew'; input: string; unclaimed: HistoryEvent[]; executionId: string }
  | { kind: 'ended'; status: RuntimeStatus; output: string | null; failure?: Failure };

interface Failure {
  reason: string;
  details?: FailureDetails;
}

interface Verdict {
  decisions: Decision[];
  /** JSON text. */
  customStatus: string | null;
  outcome: Outcome;
}

export class Orchestrations {
  readonly #live = new Map<string, LiveInstance>();

  constructor(private readonly context: DurableContext) {}

  /** One turn of an instance over all its messages. Messages that nobody waits for any more are dropped. */
  async turn(id: string): Promise<void> {
    const { store, mailbox, commit } = this.context;
    const messages = mailbox.take(id);
    const instance = this.#load(id);
    const isMine = (message: Message) => !message.executionId || message.executionId === instance?.row.executionId;
    const mine = instance && !isFinished(instance.row.status) ? messages.filter(isMine) : [];
    if (!instance || mine.length === 0) return commit(() => messages.forEach((message) => store.consume(message)));
    if (instance.row.status === 'Suspended' && !mine.some(endsSuspension)) return this.#hold(id, messages, mine);

    const newEvents = [historyEvent('OrchestratorStarted', this.context.clock.now()), ...inOrder(mine)];
    const verdict = await this.#judge(instance, newEvents);
    commit((outbox) => {
      for (const message of messages) store.consume(message);
      this.#apply(outbox, instance, newEvents, verdict);
    });
    this.#afterCommit(instance, verdict);
  }

  /** Ends an instance whose turn failed inside the host, so that it is not tried for ever. */
  fail(id: string, error: unknown): void {
    const { store, commit } = this.context;
    this.#live.delete(id); // What is in memory may be ahead of a transaction that was rolled back.
    const instance = this.#load(id);
    if (!instance || isFinished(instance.row.status)) return;
    const verdict = failed(`The embedded host could not run a turn of '${instance.row.name}': ${messageOf(error)}`);
    commit((outbox) => {
      store.deleteMessagesTo(id);
      this.#apply(outbox, instance, [], verdict);
    });
    this.#afterCommit(instance, verdict);
  }

  /** A suspended instance keeps its messages for later; results of activities are stored, since their activities are done. */
  #hold(id: string, messages: Message[], mine: Message[]): void {
    const { store, mailbox, commit } = this.context;
    commit(() => {
      for (const message of messages) {
        if (!mine.includes(message)) store.consume(message);
        else if (message.activityId !== undefined) storeResult(store, message);
      }
    });
    mailbox.hold(id, mine);
  }

  async #judge(instance: LiveInstance, newEvents: HistoryEvent[]): Promise<Verdict> {
    const { row } = instance;
    const terminated = newEvents.find((event) => event.EventType === EventType.ExecutionTerminated);
    if (terminated) {
      const output = terminated.Input ?? null;
      const outcome = { kind: 'ended', status: 'Terminated', output, failure: { reason: `Instance '${row.id}' was terminated.` } } as const;
      return { decisions: [], customStatus: row.customStatus, outcome };
    }
    try {
      return await this.#replay(instance, newEvents);
    } catch (error) {
      this.context.log('error', 'Host.Durable', `Orchestration "${row.name}" (${row.id}) failed: ${messageOf(error)}`);
      return { ...failed(`Orchestrator function '${row.name}' failed: ${messageOf(error)}`), customStatus: row.customStatus };
    }
  }

  async #replay({ row, history, texts }: LiveInstance, newEvents: HistoryEvent[]): Promise<Verdict> {
    const fn = this.context.functions.find('orchestrationTrigger', row.name);
    if (!fn) throw new Error(`The app has no orchestrator function '${row.name}'.`);
    const newTexts = newEvents.map((event) => JSON.stringify(event));
    const { state, threw } = await callOrchestrator(this.context.invoker, fn, row, texts, newTexts);
    const result = replay({ actions: state.actions.flat(), history: [...history, ...newEvents], executionId: row.executionId });
    const customStatus = state.customStatus === undefined ? null : JSON.stringify(state.customStatus);
    const verdict: Verdict = { decisions: result.decisions, customStatus, outcome: { kind: 'waiting' } };
    if (!result.finished) return verdict;
    if (threw) {
      const reason = `Orchestrator function '${row.name}' failed: ${state.error ?? ''}`;
      this.context.log('error', 'Host.Durable', `${reason} (instance ${row.id})`);
      return { ...verdict, outcome: failed(reason, state.failureDetails).outcome };
    }
    if (!state.isDone) return verdict;
    const { continueAsNew: input, unclaimedEvents: unclaimed } = result;
    if (input !== undefined) return { ...verdict, outcome: { kind: 'continuedAsNew', input, unclaimed, executionId: row.executionId } };
    return { ...verdict, outcome: { kind: 'ended', status: 'Completed', output: JSON.stringify(state.output ?? null) } };
  }

  #apply(outbox: Outbox, instance: LiveInstance, newEvents: HistoryEvent[], { decisions, customStatus, outcome }: Verdict): void {
    const { store, clock } = this.context;
    const nowMs = clock.now();
    const events = [...newEvents, ...decisions.map((decision) => stamp(decision, nowMs))];
    this.#dispatch(outbox, instance.row, decisions);

    const row: InstanceRow = { ...instance.row, customStatus, updatedMs: nowMs, status: statusAfter(instance.row.status, newEvents) };
    if (outcome.kind === 'ended') {
      Object.assign(row, { status: outcome.status, output: outcome.output });
      events.push(historyEvent('ExecutionCompleted', nowMs, { OrchestrationStatus: outcome.status, Result: outcome.output }));
      store.deleteMessagesTo(row.id);
      this.#notifyParent(outbox, row, outcome.failure);
    }
    if (outcome.kind === 'continuedAsNew') {
      store.deleteMessagesTo(row.id, row.executionId);
      store.clearHistory(row.id);
      Object.assign(row, { executionId: newExecutionId(), input: outcome.input });
      sendExecutionStarted(outbox, row, nowMs);
      for (const event of outcome.unclaimed) outbox.send({ target: row.id, dueMs: 0, event: { ...event, IsPlayed: false } });
    } else {
      events.push(historyEvent('OrchestratorCompleted', nowMs));
      this.#append(instance, events);
    }
    store.putInstance(row);
    instance.row = row;
  }

  #append(instance: LiveInstance, events: HistoryEvent[]): void {
    const played = events.map((event) => ({ ...event, IsPlayed: true }));
    const texts = played.map((event) => JSON.stringify(event));
    this.context.store.appendHistory(instance.row.id, instance.history.length, texts);
    instance.history.push(...played);
    instance.texts.push(...texts);
  }

  #dispatch(outbox: Outbox, row: InstanceRow, decisions: Decision[]): void {
    const { id, executionId } = row;
    for (const decision of decisions) {
      const name = decision.Name ?? '';
      switch (decision.EventType) {
        case EventType.TaskScheduled:
          outbox.schedule({ instanceId: id, executionId, taskId: decision.EventId, name, input: decision.Input! });
          break;
        case EventType.TimerCreated: {
          const dueMs = Date.parse(decision.FireAt!);
          const event = historyEvent('TimerFired', dueMs, { TimerId: decision.EventId, FireAt: decision.FireAt });
          outbox.send({ target: id, dueMs, executionId, event });
          break;
        }
        case EventType.EventSent: {
          const request = { ...JSON.parse(decision.Input!), caller: { instanceId: id, executionId } };
          outbox.send({ target: decision.InstanceId!, dueMs: 0, request });
          break;
        }
        case EventType.SubOrchestrationInstanceCreated:
          this.#startChild(outbox, row, decision);
      }
    }
  }

  #startChild(outbox: Outbox, row: InstanceRow, decision: Decision): void {
    const { functions, clock } = this.context;
    const name = decision.Name!;
    const parent = { InstanceId: row.id, ExecutionId: row.executionId, Name: row.name, TaskScheduledId: decision.EventId };
    const child = { id: decision.InstanceId!, name, input: decision.Input ?? null, version: decision.Version ?? undefined, parent };
    let refusal: string | undefined;
    if (!functions.find('orchestrationTrigger', name)) refusal = `The app has no orchestrator function '${name}'.`;
    else if (!createInstance(this.context, outbox, child)) refusal = `An instance with id '${child.id}' is already running.`;
    if (refusal === undefined) return;
    const event = historyEvent('SubOrchestrationInstanceFailed', clock.now(), {
      TaskScheduledId: decision.EventId,
      Reason: `Sub-orchestration '${name}' could not start: ${refusal}`,
      Details: '',
    });
    outbox.send({ target: row.id, dueMs: 0, executionId: row.executionId, event });
  }

  #notifyParent(outbox: Outbox, row: InstanceRow, failure: Failure | undefined): void {
    if (!row.parent) return;
    const { InstanceId: target, ExecutionId: executionId, TaskScheduledId } = row.parent;
    const nowMs = this.context.clock.now();
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

  #afterCommit(instance: LiveInstance, { outcome }: Verdict): void {
    const { mailbox, onFinished } = this.context;
    const { id } = instance.row;
    if (outcome.kind === 'waiting') return;
    this.#live.delete(id);
    mailbox.dropLater(id, outcome.kind === 'continuedAsNew' ? outcome.executionId : undefined);
    if (outcome.kind === 'ended') onFinished(id);
  }

  #load(id: string): LiveInstance | undefined {
    const cached = this.#live.get(id);
    this.#live.delete(id);
    const live = cached ?? this.#read(id);
    if (live && !isFinished(live.row.status)) this.#live.set(id, live);
    if (this.#live.size > CACHED_INSTANCES_MAX) this.#live.delete(this.#live.keys().next().value!);
    return live;
  }

  #read(id: string): LiveInstance | undefined {
    const row = this.context.store.instance(id);
    if (!row) return undefined;
    const texts = this.context.store.history(id);
    return { row, texts, history: texts.map((text) => JSON.parse(text) as HistoryEvent) };
  }
}

/** Makes the result of an activity a stored message, and its activity done. Call it in a transaction. */
export function storeResult(store: DurableContext['store'], message: Message): void {
  store.consume(message);
  message.activityId = undefined;
  message.id = store.addMessage(message);
}

function failed(reason: string, details?: FailureDetails): Verdict {
  const outcome: Outcome = { kind: 'ended', status: 'Failed', output: JSON.stringify(reason), failure: { reason, details } };
  return { decisions: [], customStatus: null, outcome };
}

/** A generation begins with its start, whatever arrived before it. */
function inOrder(messages: Message[]): HistoryEvent[] {
  const events = messages.map((message) => message.event!);
  const isStart = (event: HistoryEvent) => event.EventType === EventType.ExecutionStarted;
  return [...events.filter(isStart), ...events.filter((event) => !isStart(event))];
}

function endsSuspension({ event }: Message): boolean {
  return event?.EventType === EventType.ExecutionResumed || event?.EventType === EventType.ExecutionTerminated;
}

function statusAfter(status: RuntimeStatus, newEvents: HistoryEvent[]): RuntimeStatus {
  let after: RuntimeStatus = status === 'Pending' ? 'Running' : status;
  for (const { EventType: type } of newEvents) {
    if (type === EventType.ExecutionSuspended) after = 'Suspended';
    if (type === EventType.ExecutionResumed) after = 'Running';
  }
  return after;
}

function stamp(decision: Decision, nowMs: number): HistoryEvent {
  return { ...decision, Timestamp: new Date(nowMs).toISOString(), IsPlayed: false };
}
