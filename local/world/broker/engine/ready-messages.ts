/**
 * The order of delivery: what may be delivered now, by sequence number. A queue without sessions has one lane; with
 * sessions each session is a lane of its own, so that its order holds whatever happens in the others.
 */
import { Heap } from './heap.js';
import type { StoredMessage } from './message.js';

/** The lane of a queue without sessions. */
export const ONLY_LANE = '';

export class ReadyMessages {
  private readonly lanes = new Map<string, Heap<StoredMessage>>();

  constructor(
    /** Messages that left the queue (expired) while they stood in the order are skipped. */
    private readonly isPresent: (message: StoredMessage) => boolean,
  ) {}

  push(lane: string, message: StoredMessage): void {
    const heap = this.lanes.get(lane) ?? new Heap<StoredMessage>((entry) => entry.sequence);
    heap.push(message);
    this.lanes.set(lane, heap);
  }

  next(lane: string): StoredMessage | undefined {
    const heap = this.lanes.get(lane);
    if (!heap) return undefined;
    for (let next = heap.peek(); next; next = heap.peek()) {
      if (this.isPresent(next)) return next;
      heap.pop();
    }
    this.lanes.delete(lane);
    return undefined;
  }

  take(lane: string): StoredMessage | undefined {
    const message = this.next(lane);
    if (message) this.lanes.get(lane)!.pop();
    return message;
  }

  /** The lane whose next message is the oldest, of those that `isFree` admits. */
  oldestLane(isFree: (lane: string) => boolean): string | undefined {
    let oldest: { lane: string; sequence: number } | undefined;
    for (const lane of [...this.lanes.keys()]) {
      const next = isFree(lane) ? this.next(lane) : undefined;
      if (next && (!oldest || next.sequence < oldest.sequence)) oldest = { lane, sequence: next.sequence };
    }
    return oldest?.lane;
  }
}
