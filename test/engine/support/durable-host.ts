/**
 * Runs the orchestrations through the library's own replay (`durable-functions`) and the embedded host's decisions, in memory: every turn
 * replays the whole history, so what would not be deterministic fails. Activities are the test's; time passes when nothing else happens.
 */
import { EventType, type HistoryEvent, historyEvent } from '../../../local/host/durable/history.js';
import { type Decision, replay } from '../../../local/host/durable/replay.js';
import { ORCHESTRATIONS } from '../../../orchestrations/index.js';
import type { ActivityName } from '../../../shared/contracts/activities.js';

/** The library's own replay, as it is registered with the Functions runtime. */
const { Orchestrator } = require('durable-functions/lib/src/orchestrations/Orchestrator') as {
  Orchestrator: new (
    process: unknown,
  ) => { handle(trigger: object, context: object): Promise<{ isDone: boolean; actions: never[][]; output?: unknown }> };
};

export interface Activity {
  name: ActivityName;
  call: Record<string, unknown>;
  instanceId: string;
}

/** Answers an outcome, or throws what the host reports as a failure. */
type Run = (activity: Activity) => unknown;

interface Instance {
  id: string;
  name: string;
  input: unknown;
  executionId: string;
  version: string | undefined;
  parent?: { instance: Instance; taskId: number };
  history: HistoryEvent[];
  status: 'running' | 'completed' | 'failed' | 'terminated';
  output?: unknown;
  isTurning?: boolean;
}

/** Two years: no wait of an operation is longer. */
const TURNS_MAX = 200_000;

export class DurableHost {
  nowMs = Date.parse('2027-01-04T08:00:00Z');
  readonly instances = new Map<string, Instance>();
  readonly activities: (Activity & { atMs: number })[] = [];
  /** Longest histories by orchestration, generations counted apart. */
  readonly eventsMax = new Map<string, number>();
  /** Seconds of every timer. */
  readonly sleeps: number[] = [];
  readonly #due: { atMs: number; instance: Instance; executionId: string; event: HistoryEvent }[] = [];
  #executions = 0;

  constructor(private readonly run: Run) {}

  start(name: string, id: string, input: unknown, parent?: Instance['parent'], version?: string): void {
    if (this.instances.get(id)?.status === 'running') throw new Error(`"${id}" is running`);
    const instance = { id, name, input, parent, version, history: [], status: 'running' as const, executionId: '' };
    this.instances.set(id, instance);
    this.#begin(instance, input);
  }

  terminate(id: string): void {
    this.instances.get(id)!.status = 'terminated';
  }

  /** The child of an instance ends as one whose worker could not run it. */
  fail(id: string, error = new Error('The worker exited')): void {
    const instance = this.instances.get(id)!;
    instance.status = 'failed';
    this.#tell(instance, 'SubOrchestrationInstanceFailed', { Reason: error.message, Details: '' });
  }

  /** Until nothing is left to happen, or `isEnough`. */
  async settle(isEnough: () => boolean = () => false): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX && !isEnough(); turn++) {
      const next = this.#due[0];
      if (!next) return;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      const { instance, executionId } = next;
      // All messages of one instance that are due are one turn.
      const mine = this.#due.filter((one) => one.instance === instance && one.atMs <= this.nowMs);
      for (const one of mine) this.#due.splice(this.#due.indexOf(one), 1);
      if (instance.status !== 'running') continue;
      const events = mine.filter((one) => one.executionId === instance.executionId).map(({ event }) => event);
      if (events.length > 0) await this.#turn(instance, events, executionId);
    }
  }

  output = (id: string): unknown => this.instances.get(id)?.output;

  #begin(instance: Instance, input: unknown): void {
    instance.input = input;
    instance.history = [];
    instance.executionId = `run${++this.#executions}`;
    const { name: Name, version: Version } = instance;
    this.#send(
      instance,
      this.nowMs,
      historyEvent('ExecutionStarted', this.nowMs, { Name, Version, Input: JSON.stringify(input) }),
    );
  }

  #send(instance: Instance, atMs: number, event: HistoryEvent): void {
    const index = this.#due.findIndex((one) => one.atMs > atMs);
    const message = { atMs, instance, executionId: instance.executionId, event };
    this.#due.splice(index < 0 ? this.#due.length : index, 0, message);
  }

  async #turn(instance: Instance, events: HistoryEvent[], executionId: string): Promise<void> {
    const turn = [historyEvent('OrchestratorStarted', this.nowMs), ...events];
    const history = [...instance.history, ...turn];
    const trigger = {
      // The library turns the times of what it is given into dates, in place.
      history: structuredClone(history),
      input: structuredClone(instance.input),
      instanceId: instance.id,
      isReplaying: history[0]!.IsPlayed,
      upperSchemaVersion: 1,
      upperSchemaVersionNew: 3,
      maximumShortTimerDuration: '6.00:00:00',
      longRunningTimerIntervalDuration: '3.00:00:00',
      defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
    };
    const state = await new Orchestrator(ORCHESTRATIONS[instance.name]).handle(trigger, {}).catch((error: Error) => {
      // It tells its last state with what it throws.
      this.fail(instance.id, error);
      return undefined;
    });
    if (!state) return;
    const actions = JSON.parse(JSON.stringify(state.actions)) as never[][];
    const { decisions, finished, continueAsNew } = replay({ actions: actions.flat(), history, executionId });
    for (const decision of decisions) await this.#dispatch(instance, decision);
    const made = decisions.map(
      (one): HistoryEvent => ({ ...historyEvent('OrchestratorCompleted', this.nowMs), ...one }),
    );
    for (const event of [...turn, ...made, historyEvent('OrchestratorCompleted', this.nowMs)])
      instance.history.push({ ...event, IsPlayed: true });
    const former = this.eventsMax.get(instance.name) ?? 0;
    this.eventsMax.set(instance.name, Math.max(former, instance.history.length));
    if (!finished || !state.isDone) return;
    if (continueAsNew !== undefined) return this.#begin(instance, JSON.parse(continueAsNew));
    instance.status = 'completed';
    instance.output = state.output;
    this.#tell(instance, 'SubOrchestrationInstanceCompleted', { Result: JSON.stringify(state.output ?? null) });
  }

  #tell(
    { parent }: Instance,
    type: 'SubOrchestrationInstanceCompleted' | 'SubOrchestrationInstanceFailed',
    fields: object,
  ): void {
    if (parent)
      this.#send(
        parent.instance,
        this.nowMs,
        historyEvent(type, this.nowMs, { TaskScheduledId: parent.taskId, ...fields }),
      );
  }

  async #dispatch(instance: Instance, decision: Decision): Promise<void> {
    if (decision.EventType === EventType.TimerCreated) {
      const atMs = Date.parse(decision.FireAt!);
      this.sleeps.push((atMs - this.nowMs) / 1000);
      this.#send(
        instance,
        atMs,
        historyEvent('TimerFired', atMs, { TimerId: decision.EventId, FireAt: decision.FireAt }),
      );
    }
    if (decision.EventType === EventType.SubOrchestrationInstanceCreated) {
      const input = JSON.parse(decision.Input ?? 'null') as unknown;
      const parent = { instance, taskId: decision.EventId };
      this.start(decision.Name!, decision.InstanceId!, input, parent, decision.Version ?? undefined);
    }
    if (decision.EventType === EventType.TaskScheduled)
      this.#send(instance, this.nowMs, await this.#call(instance, decision));
  }

  async #call({ id }: Instance, { Name, Input, EventId }: Decision): Promise<HistoryEvent> {
    const [call] = JSON.parse(Input!) as [Record<string, unknown>];
    const activity = { name: Name as ActivityName, call, instanceId: id };
    this.activities.push({ ...activity, atMs: this.nowMs });
    try {
      const Result = JSON.stringify((await this.run(activity)) ?? null);
      return historyEvent('TaskCompleted', this.nowMs, { TaskScheduledId: EventId, Result });
    } catch (error) {
      return historyEvent('TaskFailed', this.nowMs, { TaskScheduledId: EventId, Reason: String(error), Details: '' });
    }
  }
}
