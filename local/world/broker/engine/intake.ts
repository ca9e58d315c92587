/**
 * The sending side that queues and topics share: what may enter, duplicate detection and scheduled messages. What is
 * due goes on to `accept`, which stores it (queue) or copies it to the subscriptions (topic).
 */
import type { ClockTimer } from '../../../clock.js';
import { BrokerError } from '../errors.js';
import type { MessageDraft, StoredMessage } from './message.js';
import type { EnginePorts } from './ports.js';
import type { SequenceCounter } from './sequence-counter.js';

/** Where accepted messages go: a queue, or the subscriptions of a topic. */
export interface Destination {
  accept(draft: MessageDraft, sequence: number): void;
  /** Messages without a session id are refused. */
  requiresSession: boolean;
  /** Of all messages that are there. */
  sizeBytes(): number;
}

export class Intake {
  /** Waiting for their time, by sequence number. */
  readonly scheduled = new Map<number, StoredMessage>();
  private scheduledBytes = 0;
  private readonly timers = new Map<number, ClockTimer>();
  /**
   * Message id → world time until which it counts as seen. In order of time, because the window is the same for all.
   */
  private readonly seen = new Map<string, number>();

  constructor(
    readonly path: string,
    private readonly duplicateWindowMs: number | undefined,
    private readonly counter: SequenceCounter,
    private readonly ports: EnginePorts,
    private readonly destination: Destination,
  ) {}

  /**
   * Stores messages now, or at their scheduled time; drops those silently whose id was seen within the window.
   * @throws BrokerError when one cannot be taken; none is stored then.
   */
  send(drafts: MessageDraft[]): void {
    this.refuseUnfit(drafts);
    for (const draft of drafts) this.sendOne(draft);
  }

  /** Returns the numbers by which the scheduled messages can be cancelled. @throws BrokerError as `send` does. */
  schedule(drafts: MessageDraft[]): number[] {
    this.refuseUnfit(drafts);
    return drafts.map((draft) => this.scheduleOne(draft));
  }

  /** @throws BrokerError when no scheduled message has this number: unknown, cancelled or already enqueued. */
  cancel(sequence: number): void {
    const message = this.scheduled.get(sequence);
    if (!message) {
      throw new BrokerError(
        'com.microsoft:message-not-found',
        `'${this.path}' has no scheduled message with sequence number ${sequence}.`,
      );
    }
    this.release(message);
  }

  restoreSeen(messageId: string, untilMs: number): void {
    if (this.duplicateWindowMs !== undefined) this.seen.set(messageId, untilMs);
  }

  restoreScheduled(message: StoredMessage): void {
    this.hold(message);
  }

  private refuseUnfit(drafts: MessageDraft[]): void {
    if (this.destination.requiresSession && drafts.some(({ sessionId }) => sessionId === undefined)) {
      throw new BrokerError(
        'amqp:not-allowed',
        `The SessionId was not set on a message, and '${this.path}' takes only messages of a session.`,
      );
    }
    if (this.destination.sizeBytes() + this.scheduledBytes + sizeOf(drafts) > this.ports.entityMaxBytes) {
      throw new BrokerError(
        'amqp:resource-limit-exceeded',
        `'${this.path}' is full: it holds at most ${this.ports.entityMaxBytes} bytes. Receive messages, then send again.`,
      );
    }
  }

  private sendOne(draft: MessageDraft): void {
    if ((draft.scheduledForMs ?? 0) > this.ports.now()) this.scheduleOne(draft);
    else if (!this.isDuplicate(draft.messageId)) this.destination.accept(draft, this.counter.take());
  }

  private scheduleOne(draft: MessageDraft): number {
    const sequence = this.counter.take();
    if (this.isDuplicate(draft.messageId)) return sequence;
    if ((draft.scheduledForMs ?? 0) <= this.ports.now()) {
      this.destination.accept(draft, sequence);
      return sequence;
    }
    const message: StoredMessage = { sequence, draft, enqueuedAtMs: this.ports.now(), deliveryCount: 0 };
    this.ports.journal.save(this.path, message, true);
    this.hold(message);
    return sequence;
  }

  private hold(message: StoredMessage): void {
    this.scheduled.set(message.sequence, message);
    this.scheduledBytes += message.draft.bare.length;
    const due = () => this.enqueueDue(message);
    this.timers.set(message.sequence, this.ports.worldDeadlines.at(message.draft.scheduledForMs ?? 0, due));
  }

  /**
   * The number changes: a scheduled message joins the queue as if it had just been sent (documented under "message
   * sequencing").
   */
  private enqueueDue(message: StoredMessage): void {
    this.release(message);
    this.destination.accept(message.draft, this.counter.take());
  }

  private release({ sequence, draft }: StoredMessage): void {
    this.scheduled.delete(sequence);
    this.scheduledBytes -= draft.bare.length;
    this.timers.get(sequence)?.cancel();
    this.timers.delete(sequence);
    this.ports.journal.remove(this.path, sequence);
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

function sizeOf(drafts: MessageDraft[]): number {
  return drafts.reduce((bytes, { bare }) => bytes + bare.length, 0);
}
