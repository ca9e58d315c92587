/** Walks a course: stages in order, the lanes of a stage at the same time, the steps of a lane one after another. A lane never throws; how it ended is data. */
import type { OrchestrationContext } from 'durable-functions';
import type { Course, CourseStep } from '../../shared/contracts/activities.js';
import { settle } from './await.js';
import { callChildren, type OperationInput, type Process, sleep } from './process.js';

/** Name under which a lane is registered. */
export const LANE = 'lane';

export interface LaneInput extends OperationInput {
  direction: Course['direction'];
  steps: CourseStep[];
  /** ISO time: the operation's slot in the fleet. */
  notBefore?: string;
  isEndless: boolean;
  busySeconds: number;
}

/** `stopped`: another attempt, a cancel or another lane's failure has the say. */
export interface LaneEnd {
  kind: 'done' | 'failed' | 'stopped';
  busySeconds: number;
}

/** The lanes of one stage; one alone needs no instance of its own. `number` makes their ids unique within the attempt. */
export function* walkStage(
  context: OrchestrationContext,
  lanes: readonly LaneInput[],
  number: number,
): Process<LaneEnd[]> {
  if (lanes.length === 1) return [yield* walkLane(context, lanes[0]!)];
  return yield* callChildren<LaneEnd>(
    context,
    lanes.map((input, index) => ({ name: LANE, id: `l${number + index}`, input })),
  );
}

export function* walkLane(context: OrchestrationContext, lane: LaneInput): Process<LaneEnd> {
  const { operationId, attempt, direction, steps, isEndless } = lane;
  let { busySeconds } = lane;
  const waitMs = Date.parse(lane.notBefore ?? '') - context.df.currentUtcDateTime.getTime();
  if (waitMs > 0) yield* sleep(context, waitMs / 1000);
  for (const { step, activity, usualSeconds, deadlineSeconds } of steps) {
    const wait = {
      activity,
      call: { operationId, attempt, direction, step },
      patience: { usualSeconds, deadlineSeconds },
      isEndless,
      busySeconds,
    };
    const settled = yield* settle(context, wait, `${direction === 'forward' ? 's' : 'b'}${step}`);
    ({ busySeconds } = settled);
    if (settled.outcome.kind !== 'ready')
      return { kind: settled.outcome.kind === 'refused' ? 'failed' : 'stopped', busySeconds };
  }
  return { kind: 'done', busySeconds };
}

/** A lane as an orchestration. */
export const lane = (context: OrchestrationContext): Process<LaneEnd> =>
  walkLane(context, context.df.getInput<LaneInput>()!);
