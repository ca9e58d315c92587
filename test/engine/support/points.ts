/**
 * Where a test may step in: every access to the store and every call to the world, as it happens, with the activity's run that makes it. A point
 * can be held, lost, refused, answered late or never, and all of them are logged in order.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { ServiceError, type ServiceName } from '../../../shared/model/service-error.js';

/** One run of an activity. */
export interface Run {
  activity: string;
  instanceId: string;
  call: { operationId: string; attempt: number; direction?: string; step?: number; what?: string };
  /** Nobody waits for its answer any more: the worker that ran it is thought to be dead. */
  abandon(): void;
  /** The process that runs it is gone. */
  isDead(): boolean;
}
export const running = new AsyncLocalStorage<Run>();

export interface Point {
  seq: number;
  service: ServiceName;
  /** What it is called: `read team`, `note account`, `create account`, `end`. A transaction may have several names. */
  labels: string[];
  run: Run | undefined;
  /** The thing of the world that it is about. */
  id?: string;
  /** It was carried out, and not refused by a condition. */
  isDone?: boolean;
}

export type Match = string | RegExp | ((point: Point) => boolean);
/** Gets the point and what it would do; may wait, throw, or answer something else. */
type Action = (point: Point, effect: () => unknown) => unknown;
/** What an action answers in the place of the point. */
class Instead {
  constructor(readonly answer: unknown) {}
}

export class Points {
  readonly log: Point[] = [];
  /** Nothing takes no time at all. */
  onPoint = (_point: Point): void => {};
  readonly #waiting: { side: 'before' | 'after'; match: Match; action: Action }[] = [];

  async around<Answer>(
    about: Pick<Point, 'service' | 'labels' | 'id'>,
    effect: () => Answer,
    isDone: (answer: Answer) => boolean = () => true,
  ): Promise<Answer> {
    const point: Point = { ...about, seq: this.log.length, run: running.getStore() };
    this.log.push(point);
    this.onPoint(point);
    const carryOut = () => {
      const answer = effect();
      point.isDone = isDone(answer);
      return answer;
    };
    const other = await this.#take('before', point)?.(point, carryOut);
    if (point.run?.isDead()) return new Promise(() => {});
    const answer = other instanceof Instead ? (other.answer as Answer) : carryOut();
    await this.#take('after', point)?.(point, carryOut);
    return point.run?.isDead() ? new Promise(() => {}) : answer;
  }

  #take(side: 'before' | 'after', point: Point): Action | undefined {
    const index = this.#waiting.findIndex((one) => one.side === side && matches(one.match, point));
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0]!.action;
  }

  /** Once, at the next point that matches. */
  before = (match: Match, action: Action): void => void this.#waiting.push({ side: 'before', match, action });
  after = (match: Match, action: Action): void => void this.#waiting.push({ side: 'after', match, action });

  /** Stops the run there until it is released. */
  hold(match: Match, side: 'before' | 'after' = 'before') {
    const held = { isReached: false, point: undefined as Point | undefined, release: () => {} };
    const gate = new Promise<void>((resolve) => {
      held.release = resolve;
    });
    this[side](match, async (point) => {
      held.isReached = true;
      held.point = point;
      await gate;
    });
    return held;
  }

  /** Holds the run there, and tells its orchestration that it died: the activity runs a second time while the first goes on unheard. */
  orphan(match: Match, side: 'before' | 'after' = 'before') {
    const abandoning = (point: Point): boolean => {
      if (!matches(match, point)) return false;
      point.run?.abandon();
      return true;
    };
    return this.hold(abandoning, side);
  }

  /** The call is on its way and may land later, or never; the caller hears nothing. */
  late(match: Match) {
    const call = { isReached: false, land: () => undefined as unknown };
    this.before(match, (point, effect) => {
      call.isReached = true;
      call.land = effect;
      throw noAnswer(point);
    });
    return call;
  }

  /** It happens, and the caller hears nothing. */
  unanswered = (match: Match): void =>
    this.after(match, (point) => {
      throw noAnswer(point);
    });

  /** The service refuses, for good unless `status` says otherwise; on the way back a refusal counts when it is said twice. */
  refuse(match: Match, status = 400, times = 1): void {
    for (let time = 0; time < times; time++)
      this.before(match, (point) => {
        throw failure(point, status);
      });
  }

  /** The read answers what it would have answered before the last write. */
  answer = (match: Match, value: () => unknown): void => this.before(match, () => new Instead(value()));

  /** Names of what happened from a point on, only what changed something. */
  names = (from = 0): string[] =>
    this.log
      .slice(from)
      .filter(({ labels, isDone }) => isDone && !/^(read|list|check) /.test(labels[0]!))
      .flatMap(({ labels }) => labels);
}

/** Lets what was released go on as far as it can without time. */
export async function flush(): Promise<void> {
  for (let turn = 0; turn < 500; turn++) await Promise.resolve();
}

export function matches(match: Match, point: Point): boolean {
  if (typeof match === 'function') return match(point);
  return point.labels.some((label) => (typeof match === 'string' ? label === match : match.test(label)));
}

/** At that point, in a run of that attempt. */
export const of =
  (attempt: number, match: Match): Match =>
  (point) =>
    point.run?.call.attempt === attempt && matches(match, point);

export const noAnswer = (point: Point): ServiceError => failure(point, undefined);

export const failure = ({ service, labels }: Point, status: number | undefined): ServiceError =>
  new ServiceError({
    service,
    action: labels.join(', '),
    code: status === undefined ? 'ECONNRESET' : `Http${status}`,
    status,
    detail: 'as the test wants it',
  });
