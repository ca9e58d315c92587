/**
 * The line of a subject: one operation holds the lane, later ones wait behind it, in order and visible. Pure: each function gives the line
 * after something happened; the store writes it in the transaction of what happened.
 */
import type { OperationKind } from './operation.js';

/** What the line has to know of an operation to place it. */
export interface Placed {
  operationId: string;
  kind: OperationKind;
  /** Counts the accepted operations of the subject: which came first. */
  generation: number;
  specHash?: string;
  /** Generation of the ended operation that this one repeats. */
  retryOf?: number;
}

export interface Line {
  lane?: Placed;
  queue: Placed[];
  /** The newest accepted operation that has not failed: what "the same request" is compared with. */
  newest?: Placed;
  /** The lane's holder waits for a person. */
  isParked?: boolean;
  /** The operation whose intent the subject has. */
  settled?: Placed;
}

/** More than this many waiting operations is a loop at the caller's side. Requests supersede each other, so only other kinds add up. */
export const QUEUE_MAX = 20;

/** A request replaces requests that have not begun; never a removal or anything else. */
export function enqueue<L extends Line>(line: L, placed: Placed): { line: L; superseded: Placed[] } {
  const isSuperseded = (other: Placed) => placed.kind === REQUEST && other.kind === REQUEST;
  const superseded = line.queue.filter(isSuperseded);
  const queue = [...line.queue.filter((other) => !isSuperseded(other)), placed];
  return { line: { ...line, queue, newest: placed }, superseded };
}

const REQUEST: OperationKind = 'provision-team-access';

/** Gives a free lane to the next in line; a retry that something newer has overtaken meanwhile is dropped instead. */
export function giveLane<L extends Line>(line: L): { line: L; starts?: Placed; dropped: Placed[] } {
  if (line.lane) return { line, dropped: [] };
  const dropped: Placed[] = [];
  const queue = [...line.queue];
  for (let next = queue.shift(); next; next = queue.shift()) {
    const left = { ...line, queue };
    if (next.retryOf === undefined || !isOvertaken(left, next.retryOf))
      return { line: withNewest({ ...left, lane: next }, ids(dropped)), starts: next, dropped };
    dropped.push(next);
  }
  return { line: withNewest({ ...line, queue }, ids(dropped)), dropped };
}

/** Has a newer operation been accepted that did not fail, after the one with this generation? */
export function isOvertaken({ lane, queue, settled }: Line, generation: number): boolean {
  return [lane, settled, ...queue].some((placed) => placed !== undefined && placed.generation > generation);
}

/** The line after an operation ended; `done` when its intent became the subject's. */
export function leaveLine<L extends Line>(line: L, operationId: string, isDone: boolean): L {
  const isIt = (placed: Placed | undefined) => placed?.operationId === operationId;
  const holdsLane = isIt(line.lane);
  const left = holdsLane ? line.lane : line.queue.find(isIt);
  const after: L = {
    ...line,
    lane: holdsLane ? undefined : line.lane,
    isParked: holdsLane ? undefined : line.isParked,
    queue: line.queue.filter((one) => !isIt(one)),
    settled: isDone && left ? left : line.settled,
  };
  return isDone ? after : withNewest(after, [operationId]);
}

const ids = (placed: readonly Placed[]): string[] => placed.map(({ operationId }) => operationId);

/** When what was newest has failed, the newest of what is left takes its place. */
function withNewest<L extends Line>(line: L, failed: readonly string[]): L {
  const isFailed = line.newest !== undefined && failed.includes(line.newest.operationId);
  return isFailed ? { ...line, newest: line.queue.at(-1) ?? line.lane ?? line.settled } : line;
}

/** Does a request or a removal wait behind the lane's holder? Then a failed holder walks back instead of keeping what it has. */
export const isWaitedFor = ({ queue }: Line): boolean => queue.length > 0;
