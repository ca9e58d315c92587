/**
 * Runs activities, a bounded number at a time. An activity stays in the store until the turn that takes its result is written, so one that a
 * kill interrupts runs again: at least once, the same contract as on Azure.
 */
import { messageOf } from '../log.js';
import type { ActivityWork, Message } from '../store.js';
import { type TypedData, toJson } from '../typed-data.js';
import type { DurableContext } from './context.js';
import { type FailureDetails, type HistoryEvent, historyEvent } from './history.js';
import { isHttpActivity, runHttpActivity } from './http-activity.js';

export class Activities {
  readonly #queue: ActivityWork[] = [];
  #running = 0;
  #stopped = false;

  constructor(
    private readonly context: DurableContext,
    private readonly concurrencyMax: number,
    private readonly onResult: (message: Message) => Promise<void>,
  ) {}

  get isIdle(): boolean {
    return this.#running === 0 && this.#queue.length === 0;
  }

  add(work: ActivityWork): void {
    this.#queue.push(work);
    this.#startNext();
  }

  /** Starts nothing more; what waits is found in the store by the next host. */
  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
  }

  #startNext(): void {
    while (!this.#stopped && this.#running < this.concurrencyMax && this.#queue.length > 0) {
      this.#running++;
      const work = this.#queue.shift()!;
      void this.context.inFlight.track(() => this.#run(work));
    }
  }

  async #run(work: ActivityWork): Promise<void> {
    const event = await this.#call(work);
    this.#running--;
    const taken = this.onResult({
      id: 0,
      target: work.instanceId,
      dueMs: 0,
      executionId: work.executionId,
      event,
      activityId: work.id,
    });
    this.#startNext();
    await taken;
  }

  async #call({ name, taskId, input }: ActivityWork): Promise<HistoryEvent> {
    const { functions, invoker, clock } = this.context;
    const TaskScheduledId = taskId;
    try {
      if (isHttpActivity(name))
        return historyEvent('TaskCompleted', clock.now(), { TaskScheduledId, Result: await runHttpActivity(input) });
      const fn = functions.find('activityTrigger', name);
      if (!fn) throw new Error(`The app has no activity function '${name}'.`);
      const returned = await invoker.invoke(fn, { data: activityInput(input) });
      return historyEvent('TaskCompleted', clock.now(), { TaskScheduledId, Result: toJson(returned) });
    } catch (error) {
      return historyEvent('TaskFailed', clock.now(), { TaskScheduledId, ...describeFailure(name, error) });
    }
  }
}

/** The one element of the input: texts are JSON already, other values become JSON, nothing stays nothing. */
function activityInput(input: string): TypedData {
  const [element] = JSON.parse(input) as [unknown];
  if (element === null) return {};
  return { string: typeof element === 'string' ? element : JSON.stringify(element) };
}

/** With `df.app.setExceptionPropertiesProvider`, the message is a JSON description of the error. */
function describeFailure(
  name: string,
  error: unknown,
): { Reason: string; Details: string; FailureDetails?: FailureDetails } {
  const described = parseDescription(error);
  const message = described?.ErrorMessage ?? messageOf(error);
  const type = described?.ErrorType ?? (error instanceof Error ? error.name : 'Error');
  return {
    Reason: `Activity function '${name}' failed: ${message}`,
    Details: `${type}: ${message}`,
    ...(described && { FailureDetails: described }),
  };
}

function parseDescription(error: unknown): FailureDetails | undefined {
  const message = messageOf(error);
  if (!message.startsWith('{"errorType":')) return undefined;
  try {
    const { errorType, errorMessage, stackTrace, isNonRetriable, properties } = JSON.parse(message);
    return {
      ErrorType: errorType,
      ErrorMessage: errorMessage,
      StackTrace: stackTrace,
      IsNonRetriable: isNonRetriable,
      Properties: properties,
    };
  } catch {
    return undefined;
  }
}
