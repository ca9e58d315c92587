/**
 * Decides what a turn of an orchestration schedules: a pure function of the orchestrator's actions and the history.
 *
 * The JavaScript library and the host number tasks independently and must agree, or results reach the wrong task. The library numbers a task
 * when it is yielded; the host (like the .NET extension) numbers it when its action starts, and starts action k+1 only when action k is done.
 * Hence this interpreter: it walks the actions while it feeds on the history, exactly as the .NET side does
 * (https://github.com/Azure/azure-functions-durable-extension, OutOfProcOrchestrationShim).
 */
import { type Action, ActionType, type RetryOptions, UnsupportedActionError } from './actions.js';
import { entityId, releaseRequest } from './entity-requests.js';
import { EventType, eventTypeName, type HistoryEvent } from './history.js';
import { type DurableHttpRequest, type DurableHttpResponse, HTTP_ACTIVITY, nextPoll } from './http-call.js';

/** What the orchestrator decided in this turn: an event for the history, still without time. */
export type Decision = Pick<HistoryEvent, 'EventType' | 'EventId'> &
  Partial<Pick<HistoryEvent, 'Name' | 'Version' | 'Input' | 'InstanceId' | 'FireAt'>>;

export interface ReplayInput {
  /** All actions since this execution began. */
  actions: Action[];
  /** All events of this execution, including the new ones of this turn. */
  history: HistoryEvent[];
  executionId: string;
}

export interface ReplayResult {
  /** Scheduled now: not yet in the history. Ordered by task id. */
  decisions: Decision[];
  /** All actions are done, so the orchestrator's return, failure or continue-as-new takes effect. */
  finished: boolean;
  /** Input (JSON) of the next generation. */
  continueAsNew?: string;
  /** External events that nobody has waited for; they survive continue-as-new. */
  unclaimedEvents: HistoryEvent[];
  /** Ids of the tasks that failed the last awaited action, and of the timers after their last attempts: what a rewind repeats. */
  failedTaskIds: Set<number>;
}

/** The orchestrator's code no longer fits the history of a running instance. */
export class NonDeterminismError extends Error {}

/** Longest timer that is one event; longer ones are chained in steps. The library is told the same two numbers. */
export const MAX_SHORT_TIMER_MS = 6 * 24 * 3600_000;
export const LONG_TIMER_STEP_MS = 3 * 24 * 3600_000;

const RETRY_TIMEOUT_ADVICE =
  'retryTimeoutInMilliseconds has expired, after which durable-functions 3.5.0 waits for ever. Bound retries with maxNumberOfAttempts.';

export function replay(input: ReplayInput): ReplayResult {
  return new Interpreter(input).run();
}

/** Told how a task ended, and by which event. */
type Settle = (succeeded: boolean, event?: HistoryEvent) => void;

/** Actions that are done as soon as they have begun: an orchestrator can't fail by awaiting them. */
const NOT_AWAITED: number[] = [ActionType.SignalEntity, ActionType.ReleaseEntities, ActionType.ContinueAsNew];

class Interpreter {
  private nextTaskId = 0;
  private nextAction = 0;
  private waiting = false;
  private advancing = false;
  private suspended = false;
  /** World time of the turn being replayed: the latest OrchestratorStarted. */
  private nowMs = 0;
  private continueAsNew: string | undefined;
  /** Scheduled tasks without a result, by task id; entity calls by request id. */
  private readonly open = new Map<number | string, Settle>();
  /** Decisions that the history has not confirmed, by task id. */
  private readonly unconfirmed = new Map<number, Decision>();
  /** Waiters for an external event, newest last: an event goes to the newest. */
  private readonly waiters = new Map<string, Settle[]>();
  private readonly heldBack: HistoryEvent[] = [];
  private unclaimed: HistoryEvent[] = [];
  private readonly failedTaskIds = new Set<number>();
  /** The latest lock, which the next release ends. */
  private lock: Pick<Action, 'lockSet' | 'lockRequestId'> = {};

  constructor(private readonly input: ReplayInput) {}

  run(): ReplayResult {
    for (const event of this.input.history) this.process(event);
    return {
      decisions: [...this.unconfirmed.values()],
      finished: !this.waiting && this.nextAction >= this.input.actions.length,
      continueAsNew: this.continueAsNew,
      unclaimedEvents: this.unclaimed,
      failedTaskIds: this.failedTaskIds,
    };
  }

  private process(event: HistoryEvent): void {
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
        this.nowMs = Date.parse(event.Timestamp);
        break;
      case EventType.ExecutionStarted:
        this.advance();
        break;
      case EventType.TaskScheduled:
      case EventType.SubOrchestrationInstanceCreated:
      case EventType.TimerCreated:
      case EventType.EventSent:
        this.confirm(event);
        break;
      case EventType.ExecutionSuspended:
        this.suspended = true;
        break;
      case EventType.ExecutionResumed:
        this.suspended = false;
        for (const held of this.heldBack.splice(0)) this.complete(held);
        break;
      default:
        if (this.suspended) this.heldBack.push(event);
        else this.complete(event);
    }
  }

  private complete(event: HistoryEvent): void {
    switch (event.EventType) {
      case EventType.TaskCompleted:
      case EventType.SubOrchestrationInstanceCompleted:
        this.settle(event.TaskScheduledId, true, event);
        break;
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed:
        this.settle(event.TaskScheduledId, false, event);
        break;
      case EventType.TimerFired:
        this.settle(event.TimerId, true, event);
        break;
      case EventType.EventRaised:
        this.raise(event);
        break;
    }
  }

  private settle(key: number | string | undefined, succeeded: boolean, event: HistoryEvent): void {
    const settle = key === undefined ? undefined : this.open.get(key);
    if (!settle) return;
    this.open.delete(key!);
    settle(succeeded, event);
  }

  private raise(event: HistoryEvent): void {
    const name = event.Name!;
    if (this.open.has(name)) {
      this.settle(name, true, event);
      return;
    }
    const waiter = this.waiters.get(name)?.pop();
    if (waiter) waiter(true);
    else this.unclaimed.push(event);
  }

  private confirm(event: HistoryEvent): void {
    const decision = this.unconfirmed.get(event.EventId);
    const same = decision && decision.EventType === event.EventType && decision.Name === event.Name;
    if (!same) throw new NonDeterminismError(describeMismatch(event, decision));
    this.unconfirmed.delete(event.EventId);
  }

  /** Starts actions until one is left waiting. A loop, not a recursion: thousands of actions may complete at once. */
  private advance(): void {
    if (this.advancing) return;
    this.advancing = true;
    while (!this.waiting && this.nextAction < this.input.actions.length) {
      this.waiting = true;
      const action = this.input.actions[this.nextAction++]!;
      if (!NOT_AWAITED.includes(action.actionType)) this.failedTaskIds.clear();
      this.start(action, () => {
        this.waiting = false;
        this.advance();
      });
    }
    this.advancing = false;
  }

  private start(action: Action, settle: Settle): void {
    switch (action.actionType) {
      case ActionType.CallActivity:
      case ActionType.CallSubOrchestrator:
        this.startTask(action, settle);
        break;
      case ActionType.CallActivityWithRetry:
      case ActionType.CallSubOrchestratorWithRetry:
        this.startWithRetry(action, action.retryOptions!, settle);
        break;
      case ActionType.ContinueAsNew:
        this.continueAsNew = typeof action.input === 'string' ? action.input : JSON.stringify(action.input ?? null);
        settle(true);
        break;
      case ActionType.CreateTimer:
        this.startTimer(Date.parse(action.fireAt!), settle);
        break;
      case ActionType.WaitForExternalEvent:
        this.waitForEvent(action.externalEventName!, settle);
        break;
      case ActionType.CallEntity:
      case ActionType.SignalEntity:
        this.sendToEntity(action, settle);
        break;
      case ActionType.WhenAny:
      case ActionType.WhenAll:
        this.startCompound(action, settle);
        break;
      case ActionType.CallHttp:
        this.startHttpCall(action.httpRequest!, settle);
        break;
      case ActionType.LockEntities:
        this.lockEntities(action, settle);
        break;
      case ActionType.ReleaseEntities:
        this.releaseEntities(settle);
        break;
      default:
        throw new UnsupportedActionError(`Orchestrator action ${action.actionType} is not known to the embedded host.`);
    }
  }

  private decide(decision: Omit<Decision, 'EventId'>): number {
    const id = this.nextTaskId++;
    this.unconfirmed.set(id, { ...decision, EventId: id });
    return id;
  }

  /** Returns the task's id. */
  private startTask(action: Action, settle: Settle): number {
    const isActivity = action.actionType <= ActionType.CallActivityWithRetry;
    const id = isActivity
      ? this.decide({
          EventType: EventType.TaskScheduled,
          Name: action.functionName,
          Input: JSON.stringify([action.input ?? null]),
        })
      : this.decide({
          EventType: EventType.SubOrchestrationInstanceCreated,
          Name: action.functionName,
          Version: action.version,
          InstanceId: action.instanceId || `${this.input.executionId}:${this.nextTaskId}`,
          Input: JSON.stringify(action.input ?? null),
        });
    this.open.set(id, (succeeded, event) => {
      if (!succeeded) this.failedTaskIds.add(id);
      settle(succeeded, event);
    });
    return id;
  }

  /**
   * Attempts with timers between them. The last failure is followed by a timer too, due at once: the .NET side creates it for old histories
   * and the library waits for it.
   */
  private startWithRetry(
    action: Action,
    options: RetryOptions,
    settle: Settle,
    attempt = 1,
    firstMs = this.nowMs,
  ): void {
    const id = this.startTask(action, (succeeded) => {
      if (succeeded) return settle(true);
      const isLast = attempt >= options.maxNumberOfAttempts;
      const timeoutMs = options.retryTimeoutInMilliseconds;
      if (!isLast && timeoutMs && this.nowMs > firstMs + timeoutMs)
        throw new UnsupportedActionError(RETRY_TIMEOUT_ADVICE);
      if (isLast) this.failedTaskIds.add(this.nextTaskId);
      else this.failedTaskIds.delete(id);
      const delayMs = isLast ? 0 : retryDelayMs(options, attempt);
      this.startTimer(this.nowMs + delayMs, () =>
        isLast ? settle(false) : this.startWithRetry(action, options, settle, attempt + 1, firstMs),
      );
    });
  }

  /**
   * A timer completes by firing, also a cancelled one: so does the library's, and with it the numbering of what follows. Cancelling only
   * means that the orchestrator no longer waits.
   */
  private startTimer(fireAtMs: number, settle: Settle): void {
    const isLong = fireAtMs - this.nowMs > MAX_SHORT_TIMER_MS;
    const stepMs = isLong ? this.nowMs + LONG_TIMER_STEP_MS : fireAtMs;
    const id = this.decide({ EventType: EventType.TimerCreated, FireAt: new Date(stepMs).toISOString() });
    this.open.set(id, () => (this.nowMs < fireAtMs ? this.startTimer(fireAtMs, settle) : settle(true)));
  }

  /** A 202 with a Location is polled: a timer, then a GET, and so on. Each is a task of its own. */
  private startHttpCall(request: DurableHttpRequest, settle: Settle): void {
    const call = { actionType: ActionType.CallActivity, functionName: HTTP_ACTIVITY, input: request };
    this.startTask(call, (succeeded, event) => {
      const response = succeeded ? (JSON.parse(event!.Result!) as DurableHttpResponse) : undefined;
      const poll = response && nextPoll(request, response);
      if (poll) this.startTimer(this.nowMs + poll.afterMs, () => this.startHttpCall(poll.request, settle));
      else settle(succeeded, event);
    });
  }

  private waitForEvent(name: string, settle: Settle): void {
    const index = this.unclaimed.findIndex((event) => event.Name === name);
    if (index >= 0) {
      this.unclaimed.splice(index, 1);
      settle(true);
      return;
    }
    const waiters = this.waiters.get(name) ?? [];
    waiters.push(settle);
    this.waiters.set(name, waiters);
  }

  private sendToEntity(action: Action, settle: Settle): void {
    const signal = action.actionType === ActionType.SignalEntity;
    const requestId = `${this.input.executionId}:${this.nextTaskId}`;
    const input = action.input === undefined ? undefined : JSON.stringify(action.input);
    const request = { op: action.operation, input, id: requestId, signal };
    this.decide({
      EventType: EventType.EventSent,
      Name: 'op',
      InstanceId: action.instanceId,
      Input: JSON.stringify(request),
    });
    if (signal) settle(true);
    else this.open.set(requestId, settle);
  }

  /** The request visits the entities in order; the last one answers with an event named like the request. */
  private lockEntities({ lockSet = [], lockRequestId = '' }: Action, settle: Settle): void {
    this.lock = { lockSet, lockRequestId };
    const targets = lockSet.map(({ name, key }) => entityId(name, key));
    const request = { op: '', id: lockRequestId, signal: false, lockSet: targets, lockPosition: 0 };
    this.decide({
      EventType: EventType.EventSent,
      Name: 'op',
      InstanceId: targets[0],
      Input: JSON.stringify(request),
    });
    this.open.set(lockRequestId, settle);
  }

  private releaseEntities(settle: Settle): void {
    const { lockSet = [], lockRequestId = '' } = this.lock;
    for (const { name, key } of lockSet) {
      this.decide({
        EventType: EventType.EventSent,
        Name: 'release',
        InstanceId: entityId(name, key),
        Input: JSON.stringify(releaseRequest(lockRequestId)),
      });
    }
    settle(true);
  }

  /** All children start before any result counts. "All" waits for every child even after one has failed, as on Azure. */
  private startCompound(action: Action, settle: Settle): void {
    const children = action.compoundActions!;
    let missing = action.actionType === ActionType.WhenAny ? 1 : children.length;
    let started = false;
    const childDone = () => {
      missing--;
      if (missing === 0 && started) settle(true);
    };
    for (const child of children) this.start(child, childDone);
    started = true;
    if (missing <= 0) settle(true);
  }
}

/** Delay before the attempt after `attempt` (1 = first), as the Durable Task Framework computes it. */
function retryDelayMs(options: RetryOptions, attempt: number): number {
  const delayMs = options.firstRetryIntervalInMilliseconds * (options.backoffCoefficient ?? 1) ** (attempt - 1);
  return Math.min(delayMs, options.maxRetryIntervalInMilliseconds ?? Number.POSITIVE_INFINITY);
}

function describeMismatch(event: HistoryEvent, decision: Decision | undefined): string {
  const before = `${eventTypeName(event.EventType)} "${event.Name ?? 'timer'}" with task id ${event.EventId}`;
  const now = decision ? `${eventTypeName(decision.EventType)} "${decision.Name ?? 'timer'}"` : 'nothing';
  return (
    `Non-Deterministic workflow detected: the history holds ${before}, but the orchestrator's code now schedules ${now} there. ` +
    'Was the code changed while this instance was running, or does it use time, randomness or I/O?'
  );
}
