/**
 * The sending side that queues and topics share: sequence numbers, duplicate detection and scheduled messages. What is
 * due goes on to `accept`, which stores it (queue) or copies it to the subscriptions (topic).
 */
import type { ClockTimer } from '../../../clock.js';
import { BrokerError } from '../errors.js';
import type { MessageDraft, StoredMessage } from './message.js';
import type { EnginePorts } from './ports.js';

export type Accept = (draft: MessageDraft, sequence: number) => void;

export class Intake {
  /** Waiting for their time, by sequence number. */
  readonly scheduled = new Map<number, StoredMessage>();
  private readonly timers = new Map<number, ClockTimer>();
  /**
   * Message id → world time until which it counts as seen. In order of time, because the window is the same for all.
   */
  private readonly seen = new Map<string, number>();
  private nextSequence = 1;

  constructor(
    readonly path: string,
    private readonly duplicateWindowMs: number | undefined,
    private readonly ports: EnginePorts,
    private readonly accept: Accept,
  ) {}

  /** Stores the message now, or at its scheduled time; drops it silently when its id was seen within the window. */
  send(draft: MessageDraft): void {
    if ((draft.scheduledForMs ?? 0) > this.ports.now()) this.schedule(draft);
    else if (!this.isDuplicate(draft.messageId)) this.accept(draft, this.takeSequence());
  }

  /** Returns the number by which the scheduled message can be cancelled. */
  schedule(draft: MessageDraft): number {
    const sequence = this.takeSequence();
    if (this.isDuplicate(draft.messageId)) return sequence;
    if ((draft.scheduledForMs ?? 0) <= this.ports.now()) {
      this.accept(draft, sequence);
      return sequence;
    }
    const message: StoredMessage = {
      sequence,
      draft,
      enqueuedAtMs: this.ports.now(),
      deliveryCount: 0,
    };
    this.ports.journal.save(this.path, message, true);
    this.hold(message);
    return sequence;
  }

  /** @throws BrokerError when no scheduled message has this number: unknown, cancelled or already enqueued. */
  cancel(sequence: number): void {
    if (!this.scheduled.has(sequence)) {
      throw new BrokerError(
        'com.microsoft:message-not-found',
        `'${this.path}' has no scheduled message with sequence number ${sequence}.`,
      );
    }
    this.release(sequence);
  }

  restoreCounter(nextSequence: number): void {
    this.nextSequence = Math.max(this.nextSequence, nextSequence);
  }

  restoreSeen(messageId: string, untilMs: number): void {
    if (this.duplicateWindowMs !== undefined) this.seen.set(messageId, untilMs);
  }

  restoreScheduled(message: StoredMessage): void {
    this.hold(message);
  }

  private hold(message: StoredMessage): void {
    this.scheduled.set(message.sequence, message);
    const due = () => this.enqueueDue(message);
    this.timers.set(message.sequence, this.ports.worldDeadlines.at(message.draft.scheduledForMs ?? 0, due));
  }

  /**
   * The number changes: a scheduled message joins the queue as if it had just been sent (documented under "message
   * sequencing").
   */
  private enqueueDue(message: StoredMessage): void {
    this.release(message.sequence);
    this.accept(message.draft, this.takeSequence());
  }

  private release(sequence: number): void {
    this.scheduled.delete(sequence);
    this.timers.get(sequence)?.cancel();
    this.timers.delete(sequence);
    this.ports.journal.remove(this.path, sequence);
  }

  private takeSequence(): number {
    const sequence = this.nextSequence++;
    this.ports.journal.saveCounter(this.path, this.nextSequence);
    return sequence;
  }

  private isDuplicate(messageId: string): boolean {
    if (this.duplicateWindowMs === undefined) return false;
    const nowMs = this.ports.now();
    for (const [seenId, untilMs] of this.seen) {
      if (untilMs > nowMs) break;
      this.seen.delete(seenId);
    }
    if (this.seen.has(messageId)) return true;
    const untilMs = nowMs + this.duplicateWindowMs;
    this.seen.set(messageId, untilMs);
    this.ports.journal.remember(this.path, messageId, untilMs);
    return false;
  }
}
