/** Turns of orchestrations: take the messages, replay, and write the history and everything that follows from it in one transaction. */
import { messageOf } from '../log.js';
import type { InstanceRow, Message, RuntimeStatus } from '../store.js';
import { type DurableContext, isFinished, newExecutionId, sendExecutionStarted } from './context.js';
import { dispatch, type Failure, notifyParent, releaseLocks, sendRewind } from './effects.js';
import { EventType, type FailureDetails, type HistoryEvent, historyEvent, isoTime } from './history.js';
import { type LiveInstance, LiveInstances } from './live-instances.js';
import { callOrchestrator, type OrchestratorAnswer } from './orchestrator-function.js';
import type { Outbox } from './outbox.js';
import { type Decision, type ReplayResult, replay } from './replay.js';
import { rewindHistory } from './rewind.js';

type Outcome =
  | { kind: 'waiting' }
  | { kind: 'continuedAsNew'; input: string; unclaimed: HistoryEvent[]; executionId: string }
  | { kind: 'ended'; status: RuntimeStatus; output: string | null; failure?: Failure };

interface Verdict {
  decisions: Decision[];
  /** JSON text. */
  customStatus: string | null;
  outcome: Outcome;
}

export class Orchestrations {
  readonly #live: LiveInstances;

  constructor(private readonly context: DurableContext) {
    this.#live = new LiveInstances(context.store);
  }

  /** One turn of an instance over all its messages. Messages that nobody waits for any more are dropped. */
  async turn(id: string): Promise<void> {
    const { store, mailbox, commit } = this.context;
    const messages = mailbox.take(id);
    const instance = this.#live.load(id);
    if (instance?.row.status === 'Failed' && messages.some(rewinds)) await this.#rewind(instance);
    const isMine = (message: Message) => !message.executionId || message.executionId === instance?.row.executionId;
    const mine = instance && !isFinished(instance.row.status) ? messages.filter(isMine) : [];
    if (!instance || mine.length === 0) return commit(() => consumeAll(store, messages));
    if (instance.row.status === 'Suspended' && !mine.some(endsSuspension)) return this.#hold(id, messages, mine);

    const newEvents = [historyEvent('OrchestratorStarted', this.context.clock.now()), ...inOrder(mine)];
    const verdict = await this.#judge(instance, newEvents);
    await commit((outbox) => {
      consumeAll(store, messages);
      this.#apply(outbox, instance, newEvents, verdict);
    });
    this.#afterCommit(instance, verdict);
  }

  /** Ends an instance whose turn failed inside the host, so that it is not tried for ever. */
  async fail(id: string, error: unknown): Promise<void> {
    const { store, commit } = this.context;
    this.#live.forget(id); // What is in memory may be ahead of a transaction that was rolled back.
    const instance = this.#live.load(id);
    if (!instance || isFinished(instance.row.status)) {
      await commit(() => store.deleteMessagesTo(id));
      return;
    }
    const verdict = failed(`The embedded host could not run a turn of '${instance.row.name}': ${messageOf(error)}`);
    await commit((outbox) => {
      store.deleteMessagesTo(id);
      this.#apply(outbox, instance, [], verdict);
    });
    this.#afterCommit(instance, verdict);
  }

  /** A suspended instance keeps its messages for later; results of activities are stored, since their activities are done. */
  async #hold(id: string, messages: Message[], mine: Message[]): Promise<void> {
    const { store, mailbox, commit } = this.context;
    await commit(() => {
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
      const outcome = {
        kind: 'ended',
        status: 'Terminated',
        output,
        failure: { reason: `Instance '${row.id}' was terminated.` },
      } as const;
      return { decisions: [], customStatus: row.customStatus, outcome };
    }
    try {
      return await this.#replay(instance, newEvents);
    } catch (error) {
      this.context.log('error', 'Host.Durable', `Orchestration "${row.name}" (${row.id}) failed: ${messageOf(error)}`);
      return {
        ...failed(`Orchestrator function '${row.name}' failed: ${messageOf(error)}`),
        customStatus: row.customStatus,
      };
    }
  }

  /** Brings a failed instance, in memory, to where it was before its failure. The turn that follows writes it. */
  async #rewind(instance: LiveInstance): Promise<void> {
    const { result } = await this.#run(instance, []).catch(() => ({ result: undefined }));
    const { store } = this.context;
    const { history, children } = rewindHistory(
      instance.history,
      result?.failedTaskIds ?? new Set(),
      (id) => store.instance(id)?.status === 'Failed',
    );
    instance.history = history;
    instance.libraryHistory = history.map((event) => ({ ...event }));
    instance.rewoundChildren = children;
    instance.row = { ...instance.row, status: 'Running', output: null };
  }

  /** Calls the orchestrator function with the history and the new events, and works out what its answer schedules. */
  async #run(
    { row, history, libraryHistory }: LiveInstance,
    newEvents: HistoryEvent[],
  ): Promise<OrchestratorAnswer & { result: ReplayResult }> {
    const fn = this.context.functions.find('orchestrationTrigger', row.name);
    if (!fn) throw new Error(`The app has no orchestrator function '${row.name}'.`);
    const copies = newEvents.map((event) => ({ ...event }));
    const answer = await callOrchestrator(this.context.invoker, fn, row, [...libraryHistory, ...copies]);
    const result = replay({
      actions: answer.state.actions.flat(),
      history: [...history, ...newEvents],
      executionId: row.executionId,
    });
    return { ...answer, result };
  }

  async #replay(instance: LiveInstance, newEvents: HistoryEvent[]): Promise<Verdict> {
    const { row } = instance;
    const { state, threw, result } = await this.#run(instance, newEvents);
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
    if (input !== undefined)
      return { ...verdict, outcome: { kind: 'continuedAsNew', input, unclaimed, executionId: row.executionId } };
    return {
      ...verdict,
      outcome: { kind: 'ended', status: 'Completed', output: JSON.stringify(state.output ?? null) },
    };
  }

  #apply(
    outbox: Outbox,
    instance: LiveInstance,
    newEvents: HistoryEvent[],
    { decisions, customStatus, outcome }: Verdict,
  ): void {
    const { store, clock } = this.context;
    const nowMs = clock.now();
    const events = [...newEvents, ...decisions.map((decision) => stamp(decision, nowMs))];
    if (instance.rewoundChildren) this.#writeRewind(outbox, instance, newEvents);
    dispatch(this.context, outbox, instance.row, decisions);

    const row: InstanceRow = {
      ...instance.row,
      customStatus,
      updatedMs: nowMs,
      status: statusAfter(instance.row.status, newEvents),
    };
    if (outcome.kind === 'ended') {
      Object.assign(row, { status: outcome.status, output: outcome.output });
      events.push(
        historyEvent('ExecutionCompleted', nowMs, { OrchestrationStatus: outcome.status, Result: outcome.output }),
      );
      store.deleteMessagesTo(row.id);
      releaseLocks(this.context, outbox, row.id);
      notifyParent(outbox, row, outcome.failure, nowMs);
    }
    if (outcome.kind === 'continuedAsNew') {
      store.deleteMessagesTo(row.id, row.executionId);
      releaseLocks(this.context, outbox, row.id);
      store.clearHistory(row.id);
      Object.assign(row, { executionId: newExecutionId(), input: outcome.input });
      sendExecutionStarted(outbox, row, nowMs);
      for (const event of outcome.unclaimed)
        outbox.send({ target: row.id, dueMs: 0, event: { ...event, IsPlayed: false } });
    } else {
      events.push(historyEvent('OrchestratorCompleted', nowMs));
      this.#append(instance, events);
    }
    store.putInstance(row);
    instance.row = row;
  }

  #writeRewind(outbox: Outbox, instance: LiveInstance, newEvents: HistoryEvent[]): void {
    const { store, clock } = this.context;
    const { id } = instance.row;
    const reason = newEvents.find((event) => event.EventType === EventType.ExecutionRewound)?.Reason ?? '';
    store.clearHistory(id);
    store.appendHistory(id, instance.history);
    for (const child of instance.rewoundChildren!) sendRewind(outbox, child, reason, clock.now());
    instance.rewoundChildren = undefined;
  }

  #append(instance: LiveInstance, events: HistoryEvent[]): void {
    const played = events.map((event) => ({ ...event, IsPlayed: true }));
    this.context.store.appendHistory(instance.row.id, played);
    instance.history.push(...played);
    instance.libraryHistory.push(...played.map((event) => ({ ...event })));
  }

  #afterCommit(instance: LiveInstance, { outcome }: Verdict): void {
    const { mailbox, onFinished } = this.context;
    const { id } = instance.row;
    if (outcome.kind === 'waiting') return;
    this.#live.forget(id);
    mailbox.dropLater(id, outcome.kind === 'continuedAsNew' ? outcome.executionId : undefined);
    if (outcome.kind === 'ended') onFinished(id);
  }
}

/** Makes the result of an activity a stored message, and its activity done. Call it in a transaction. */
export function storeResult(store: DurableContext['store'], message: Message): void {
  store.consume(message);
  message.activityId = undefined;
  message.id = store.addMessage(message);
}

function consumeAll(store: DurableContext['store'], messages: Message[]): void {
  for (const message of messages) store.consume(message);
}

function failed(reason: string, details?: FailureDetails): Verdict {
  const outcome: Outcome = {
    kind: 'ended',
    status: 'Failed',
    output: JSON.stringify(reason),
    failure: { reason, details },
  };
  return { decisions: [], customStatus: null, outcome };
}

/** A generation begins with its start, whatever arrived before it. */
function inOrder(messages: Message[]): HistoryEvent[] {
  const events = messages.map((message) => message.event!);
  const isStart = (event: HistoryEvent) => event.EventType === EventType.ExecutionStarted;
  return [...events.filter(isStart), ...events.filter((event) => !isStart(event))];
}

function rewinds({ event }: Message): boolean {
  return event?.EventType === EventType.ExecutionRewound;
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
  return { ...decision, Timestamp: isoTime(nowMs), IsPlayed: false };
}
