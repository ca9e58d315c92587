/**
 * Messages waiting in memory for orchestrations and entities: an inbox for each target, the targets that are ready for a turn, and what is due
 * later. Everything here is also in the store (or comes from an activity that is), so a kill loses nothing.
 */
import type { Clock, ClockTimer } from '../../clock.js';
import type { Message } from '../store.js';

export class Mailbox {
  readonly #inboxes = new Map<string, Message[]>();
  readonly #ready = new Set<string>();
  /** Sorted, the latest first, so that the next one is popped from the end. */
  readonly #later: Message[] = [];
  #wakeUp: { dueMs: number; timer: ClockTimer } | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly onReady: () => void,
  ) {}

  get isEmpty(): boolean {
    return this.#ready.size === 0;
  }

  post(message: Message): void {
    if (message.dueMs <= this.clock.now()) {
      this.#deliver(message);
      return;
    }
    this.#later.splice(positionFor(this.#later, message.dueMs), 0, message);
    this.#arm();
  }

  /** Next target for which `mayRun` holds, no longer ready. */
  next(mayRun: (target: string) => boolean): string | undefined {
    for (const target of this.#ready) {
      if (!mayRun(target)) continue;
      this.#ready.delete(target);
      return target;
    }
    return undefined;
  }

  take(target: string): Message[] {
    const messages = this.#inboxes.get(target) ?? [];
    this.#inboxes.delete(target);
    return messages;
  }

  /** Puts messages back in front without making the target ready: they wait for the next one. */
  hold(target: string, messages: Message[]): void {
    this.#inboxes.set(target, [...messages, ...this.take(target)]);
  }

  /** Forgets what is due later for a target, or only for one of its generations. What has arrived is left to the target's next turn. */
  dropLater(target: string, executionId?: string): void {
    for (let index = this.#later.length - 1; index >= 0; index--) {
      const message = this.#later[index]!;
      if (message.target !== target || (executionId !== undefined && message.executionId !== executionId)) continue;
      this.#later.splice(index, 1);
    }
    this.#arm();
  }

  close(): void {
    this.#wakeUp?.timer.cancel();
  }

  #deliver(message: Message): void {
    const inbox = this.#inboxes.get(message.target);
    if (inbox) inbox.push(message);
    else this.#inboxes.set(message.target, [message]);
    this.#ready.add(message.target);
    this.onReady();
  }

  /** One clock timer for the earliest message. It may come early by a rounding, so due messages are looked up, not assumed. */
  #arm(): void {
    const dueMs = this.#later.at(-1)?.dueMs;
    if (dueMs === this.#wakeUp?.dueMs) return;
    this.#wakeUp?.timer.cancel();
    this.#wakeUp = undefined;
    if (dueMs !== undefined)
      this.#wakeUp = { dueMs, timer: this.clock.after(dueMs - this.clock.now(), () => this.#deliverDue()) };
  }

  #deliverDue(): void {
    this.#wakeUp = undefined;
    const nowMs = this.clock.now();
    while (this.#later.length > 0 && this.#later.at(-1)!.dueMs <= nowMs) this.#deliver(this.#later.pop()!);
    this.#arm();
  }
}

/** Where a message due at `dueMs` belongs: before the ones that are due earlier, after its equals' turn. */
function positionFor(later: Message[], dueMs: number): number {
  let low = 0;
  let high = later.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (later[middle]!.dueMs > dueMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
