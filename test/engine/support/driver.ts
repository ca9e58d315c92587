/**
 * Runs the orchestrations as they are, without Durable: a small interpreter of their generators, a clock that moves when nothing else does, and
 * the activities on real documents. Operations of hours take milliseconds; several run at once, and any of them can be killed at any point.
 */
import type { OrchestrationContext } from 'durable-functions';
import type { Process } from '../../../orchestrations/engine/process.js';
import { ORCHESTRATIONS } from '../../../orchestrations/index.js';
import type { Services } from '../../../shared/application/services.js';
import { bookkeeping } from '../../../shared/application/steps/bookkeeping.js';
import { asOutcome } from '../../../shared/application/steps/guard.js';
import { look } from '../../../shared/application/steps/look.js';
import { make } from '../../../shared/application/steps/make.js';
import { record } from '../../../shared/application/steps/record.js';
import { remove } from '../../../shared/application/steps/remove.js';
import { survey } from '../../../shared/application/steps/survey.js';
import type { InstanceState } from '../../../shared/application/take-over.js';
import {
  ACTIVITIES,
  type ActivityName,
  type FrameAnswer,
  type RecordCall,
  type StepCall,
  type SurveyCall,
} from '../../../shared/contracts/activities.js';
import { type Run, running } from './points.js';

/** Explicit time: whoever sleeps is woken in order, when nothing else is left to do. */
export class Time {
  nowMs = Date.parse('2027-01-04T08:00:00Z');
  #sleepers: { atMs: number; wake(): void }[] = [];

  now = (): number => this.nowMs;

  sleepUntil = (atMs: number): Promise<void> =>
    new Promise((wake) => {
      const index = this.#sleepers.findIndex((one) => one.atMs > atMs);
      this.#sleepers.splice(index < 0 ? this.#sleepers.length : index, 0, { atMs, wake });
    });

  get nextMs(): number | undefined {
    return this.#sleepers[0]?.atMs;
  }

  /** Wakes the first sleeper. */
  advance(): void {
    const first = this.#sleepers.shift()!;
    this.nowMs = Math.max(this.nowMs, first.atMs);
    first.wake();
  }

  skip(seconds: number): void {
    this.nowMs += seconds * 1000;
  }

  /** The machines' clocks are set back; who sleeps has its duration measured. */
  setBack(seconds: number): void {
    this.nowMs -= seconds * 1000;
    for (const sleeper of this.#sleepers) sleeper.atMs -= seconds * 1000;
  }
}

const DAY_SECONDS = 24 * 3600;

/** All promises that can settle by themselves have settled: what is left waits for the time or for the test. */
const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** As `functions/activities.ts` registers them. */
const STEPS: Record<ActivityName, (call: never, services: Services) => Promise<FrameAnswer>> = {
  survey: (call: SurveyCall, all) => bookkeeping(call, () => survey(call, all), all),
  make: (call: StepCall, all) => make(call, all),
  look: (call: StepCall, all) => look(call, all),
  remove: (call: StepCall, all) => remove(call, all),
  record: (call: RecordCall, all) => bookkeeping(call, () => record(call, all), all),
};

type Task = () => Promise<unknown>;
interface Instance {
  id: string;
  /** `dead`: its orchestration goes no further; activities that it called do. */
  state: 'alive' | 'ended' | 'dead';
}

export class Driver {
  readonly time = new Time();
  readonly instances = new Map<string, Instance>();
  /** What the orchestrations threw: nothing that is meant to happen. */
  readonly faults: unknown[] = [];
  readonly #killed = new Set<string>();

  constructor(private readonly services: () => Services) {}

  /** Starts an instance, as Durable would: a running one of that id is left alone. */
  start(kind: string, instanceId: string, input: unknown): void {
    if (this.instances.get(instanceId)?.state === 'alive') return;
    this.#run(kind, instanceId, input).catch((error: unknown) => this.faults.push(error));
  }

  stateOf = async (instanceId: string): Promise<InstanceState> => {
    const state = this.instances.get(instanceId)?.state;
    return state === undefined ? 'gone' : state === 'alive' ? 'alive' : 'dead';
  };

  /** Durable's terminate: the instance goes no further, its children do. */
  terminate(instanceId: string): void {
    const instance = this.instances.get(instanceId);
    if (instance) instance.state = 'dead';
  }

  /** The process is gone: of the instance, its children and their activities nothing goes any further. */
  kill(instanceId: string): void {
    const root = rootOf(instanceId);
    this.#killed.add(root);
    for (const instance of this.instances.values()) if (rootOf(instance.id) === root) instance.state = 'dead';
  }

  /** Lets things happen, and time pass, until `isTrue`; false when nothing happens any more, or when the given time has passed. */
  async until(isTrue: () => boolean, withinSeconds?: number): Promise<boolean> {
    const limitMs = this.time.nowMs + (withinSeconds ?? DAY_SECONDS) * 1000;
    for (;;) {
      await quiet();
      if (isTrue()) return true;
      const { nextMs } = this.time;
      if (nextMs !== undefined && nextMs <= limitMs) {
        this.time.advance();
        continue;
      }
      if (withinSeconds !== undefined) this.time.nowMs = limitMs;
      return false;
    }
  }

  async #run(kind: string, id: string, input: unknown): Promise<unknown> {
    const instance: Instance = { id, state: 'alive' };
    this.instances.set(id, instance);
    for (let given = input; ; ) {
      let next: { input: unknown } | undefined;
      const context = this.#context(instance, given, (again) => {
        next = { input: again };
      });
      const output = await this.#interpret(ORCHESTRATIONS[kind]!(context), instance);
      if (!next) {
        instance.state = 'ended';
        return output;
      }
      given = next.input;
    }
  }

  async #interpret(process: Process<unknown>, instance: Instance): Promise<unknown> {
    let step = process.next();
    while (!step.done) {
      const task = step.value as unknown as Task;
      const settled = await task().then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      if (instance.state === 'dead') return new Promise(() => {});
      step = 'error' in settled ? process.throw(settled.error) : process.next(settled.value);
    }
    return step.value;
  }

  #context(instance: Instance, input: unknown, continueAsNew: (input: unknown) => void): OrchestrationContext {
    const { time } = this;
    const df = {
      instanceId: instance.id,
      version: '1',
      get currentUtcDateTime() {
        return new Date(time.nowMs);
      },
      getInput: () => plain(input),
      setCustomStatus: () => {},
      continueAsNew: (again: unknown) => continueAsNew(plain(again)),
      callActivity:
        (name: ActivityName, call: unknown): Task =>
        () =>
          this.#activity(name, plain(call), instance),
      callSubOrchestrator:
        (name: string, given: unknown, id: string): Task =>
        () =>
          this.#run(name, id, plain(given)),
      createTimer:
        (at: Date): Task =>
        () =>
          time.sleepUntil(at.getTime()),
      Task: {
        all:
          (tasks: Task[]): Task =>
          () =>
            Promise.all(tasks.map((task) => task())),
      },
    };
    return { df } as unknown as OrchestrationContext;
  }

  /** As the doors register them: the input is read by its contract, and nothing is thrown. */
  #activity(name: ActivityName, call: unknown, { id }: Instance): Promise<unknown> {
    const services = this.services();
    return new Promise((resolve, reject) => {
      const abandon = () => reject(new Error('The worker exited'));
      const isDead = () => this.#killed.has(rootOf(id));
      const run: Run = { activity: name, instanceId: id, call: call as Run['call'], abandon, isDead };
      running
        .run(run, () =>
          asOutcome(async () => STEPS[name](ACTIVITIES[name].input.parse(call) as never, services), services),
        )
        .then((answer) => resolve(plain(answer)), reject);
    });
  }
}

/** Children are named after their parents. */
const rootOf = (instanceId: string): string => instanceId.split(':')[0]!;

const plain = <Value>(value: Value): Value =>
  value === undefined ? value : (JSON.parse(JSON.stringify(value)) as Value);
