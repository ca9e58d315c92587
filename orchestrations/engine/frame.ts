/**
 * The frame of every operation: claim, admit, survey, walk, end; and where it goes when a lane fails. What differs between operations is their
 * plan, which stands in a document; so this is the only root there is.
 */
import type { OrchestrationContext } from 'durable-functions';
import type { ActivityName, Course, FrameAnswer, RecordCall } from '../../shared/contracts/activities.js';
import { settle } from './await.js';
import type { OperationInput, Process } from './process.js';
import { walkStage } from './walk.js';

type What = RecordCall['what'];

/** Where the walk of a course led: to its end, to a stage that must not begin or lanes that did not end well, or out of this attempt. */
type Led = 'through' | 'astray' | 'superseded';

export function* runOperation(context: OrchestrationContext): Process<{ phase: string }> {
  const frame = new Frame(context, context.df.getInput<OperationInput>()!);
  for (const what of ['claim', 'admit'] as const) if (!(yield* frame.record(what))) return frame.leave('superseded');
  let answer = yield* frame.survey();
  for (;;) {
    if (!answer || answer.kind === 'stopped') return frame.leave('superseded');
    if (answer.kind === 'ready' && 'ended' in answer && answer.ended) return frame.leave(answer.ended);
    const course = answer.kind === 'ready' && 'course' in answer ? answer.course : undefined;
    const led: Led = course ? yield* frame.walk(course) : 'astray';
    if (led === 'superseded') return frame.leave('superseded');
    answer = led === 'through' ? yield* frame.end() : yield* frame.turn();
  }
}

class Frame {
  /** Lanes and records so far: what makes instance ids unique within the attempt. */
  #lanes = 0;
  #records = 0;
  #busySeconds = 0;
  /** The way that it went last. */
  #direction: Course['direction'] | undefined;

  constructor(
    private readonly context: OrchestrationContext,
    private readonly input: OperationInput,
  ) {}

  /** False when another attempt has the say. */
  *record(what: What): Process<boolean> {
    return (yield* this.#book('record', { what }, what)).kind === 'ready';
  }

  survey(): Process<FrameAnswer> {
    return this.#book('survey', {}, 'survey');
  }

  end(): Process<FrameAnswer> {
    return this.#book('record', { what: 'end' }, 'end');
  }

  turn(): Process<FrameAnswer> {
    return this.#book('record', { what: 'turn', direction: this.#direction }, 'turn');
  }

  *walk({ direction, stages, isPivoted }: Course): Process<Led> {
    this.#direction = direction;
    let isEndless = direction === 'back' || isPivoted === true;
    for (const [index, { enters, lanes }] of stages.entries()) {
      this.context.df.setCustomStatus({
        phase: direction === 'forward' ? 'running' : 'unwinding',
        stage: index + 1,
        stages: stages.length,
      });
      if (enters) {
        const entered = yield* this.#book('record', { what: 'enter', stage: index }, `enter${index}`);
        if (entered.kind === 'stopped') return 'superseded';
        if (entered.kind === 'refused') return 'astray';
        isEndless ||= lanes.some(({ steps }) => steps.some(({ activity }) => activity === 'remove'));
      }
      const common = { ...this.input, direction, isEndless, busySeconds: this.#busySeconds };
      const ends = yield* walkStage(
        this.context,
        lanes.map((lane) => ({ ...common, ...lane })),
        this.#lanes,
      );
      this.#lanes += lanes.length;
      this.#busySeconds = Math.max(...ends.map(({ busySeconds }) => busySeconds));
      if (ends.some(({ kind }) => kind !== 'done')) return 'astray';
    }
    return 'through';
  }

  leave(phase: string): { phase: string } {
    this.context.df.setCustomStatus({ phase });
    return { phase };
  }

  /** Bookkeeping: waits for the store as long as it must. */
  *#book(activity: ActivityName, call: object, id: string): Process<FrameAnswer> {
    const wait = { activity, call: { ...this.input, ...call }, isEndless: true, busySeconds: 0 };
    const { outcome } = yield* settle(this.context, wait, `${id}${this.#records++ || ''}`);
    return outcome;
  }
}
