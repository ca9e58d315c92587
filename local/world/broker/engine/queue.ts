/**
 * The receiving side: one ordered set of messages that receivers compete for, with locks, delivery counts, expiry and
 * dead-lettering. A queue, a subscription and each one's dead-letter queue are all this.
 */
import type { ClockTimer } from '../../../clock.js';
import { BrokerError, lockLost, sessionLockLost } from '../errors.js';
import type { AddedProperties, MessageDraft, StoredMessage } from './message.js';
import { MessageLocks } from './message-locks.js';
import type { EnginePorts } from './ports.js';
import { ONLY_LANE, ReadyMessages } from './ready-messages.js';
import { type SessionHolder, Sessions } from './sessions.js';

export interface QueueSettings {
  lockDurationMs: number;
  /** Deliveries after which a message moves to the dead-letter queue. */
  maxDeliveryCount: number;
  defaultTtlMs?: number;
  deadLetterOnExpiration: boolean;
  /** Messages are received session by session. */
  requiresSession: boolean;
}

export interface Locked {
  message: StoredMessage;
  lockToken: string;
  /** Milliseconds of wire time that the lock lasts. */
  lockedForMs: number;
}

/** Who asks for deferred messages, and how. */
export interface DeferredRequest {
  sequences: number[];
  /** In a session queue: the session and the link that holds it. */
  sessionId?: string;
  linkName?: string;
}

export class Queue {
  readonly messages = new Map<number, StoredMessage>();
  /** Only in a session queue. */
  readonly sessions?: Sessions;
  private readonly ready = new ReadyMessages((message) => this.messages.get(message.sequence) === message);
  private readonly locks: MessageLocks;
  private readonly expiries = new Map<number, ClockTimer>();
  private messageBytes = 0;

  constructor(
    readonly path: string,
    readonly settings: QueueSettings,
    private readonly ports: EnginePorts,
    /** Absent for a dead-letter queue: nothing leaves it by itself. */
    readonly deadLetters?: Queue,
  ) {
    this.locks = new MessageLocks(ports, (lockToken) => this.loseLock(lockToken));
    if (settings.requiresSession) {
      this.sessions = new Sessions(path, settings.lockDurationMs, ports, (sessionId, isLost) =>
        this.endSession(sessionId, isLost),
      );
    }
  }

  get lockedCount(): number {
    return this.locks.size;
  }

  /** Of its messages, the dead-lettered ones too. */
  get sizeBytes(): number {
    return this.messageBytes + (this.deadLetters?.sizeBytes ?? 0);
  }

  /** Whether a receiver with credit would get something. @param sessionId Of the receiver, in a session queue. */
  hasReady(sessionId = ONLY_LANE): boolean {
    return this.ready.next(sessionId) !== undefined;
  }

  /** A message without the session id that it would need goes to the dead-letter queue, as behind a topic in Azure. */
  enqueue(draft: MessageDraft, sequence: number): void {
    const nowMs = this.ports.now();
    const message: StoredMessage = { sequence, draft, enqueuedAtMs: nowMs, deliveryCount: 0, ttlMs: this.ttlOf(draft) };
    if (this.isUnreachable(message)) this.refuseWithoutSession(message);
    else this.add(message);
  }

  /** Takes back a message that was stored before a restart. */
  restore(message: StoredMessage): void {
    message.ttlMs = this.deadLetters && this.ttlOf(message.draft);
    this.hold(message);
    if (this.isUnreachable(message)) this.refuseWithoutSession(message);
    else if (this.isExpired(message)) this.expire(message);
    else if (!message.deferred) this.makeReady(message);
  }

  /**
   * Locks a session for a receiver: the named one, or the one that has waited longest with a message to deliver.
   * Returns its id; undefined when no session is free.
   * @throws BrokerError when the named session is locked, or the queue has no sessions.
   */
  acceptSession(holder: SessionHolder, wantedId?: string): string | undefined {
    const sessions = this.requireSessions();
    const sessionId = wantedId ?? this.ready.oldestLane((id) => !sessions.isLocked(id));
    if (sessionId !== undefined) sessions.lock(sessionId, holder);
    return sessionId;
  }

  /** @throws BrokerError when this is not a session queue. */
  requireSessions(): Sessions {
    if (this.sessions) return this.sessions;
    throw new BrokerError(
      'amqp:not-allowed',
      `'${this.path}' has no sessions: receive from it without one, or set RequiresSession in its configuration.`,
    );
  }

  /** Locks the next message for a receiver; undefined when there is none. */
  take(sessionId = ONLY_LANE): Locked | undefined {
    const message = this.ready.take(sessionId);
    return message && this.lock(message);
  }

  /** Removes the next message for a receive-and-delete receiver. */
  takeAndDelete(sessionId = ONLY_LANE): StoredMessage | undefined {
    const message = this.ready.take(sessionId);
    if (message) this.remove(message);
    return message;
  }

  /** Locks deferred messages, all or none. @throws BrokerError when one is not there, not deferred or locked. */
  takeDeferred(request: DeferredRequest): Locked[] {
    return this.findDeferred(request).map((message) => this.lock(message));
  }

  takeAndDeleteDeferred(request: DeferredRequest): StoredMessage[] {
    const messages = this.findDeferred(request);
    for (const message of messages) this.remove(message);
    return messages;
  }

  holdsLock(lockToken: string): boolean {
    return this.locks.has(lockToken);
  }

  /** @throws BrokerError when the lock is lost, as do the next four. */
  complete(lockToken: string): void {
    this.remove(this.unlock(lockToken));
  }

  /** Gives the message back, counting the delivery; the last allowed one moves it to the dead-letter queue. */
  abandon(lockToken: string, changes?: AddedProperties): void {
    const message = this.unlock(lockToken);
    addProperties(message, changes);
    this.giveBack(message);
  }

  /** Puts the message aside. The delivery counts, but never as the last allowed one: nothing failed. */
  defer(lockToken: string, changes?: AddedProperties): void {
    const message = this.unlock(lockToken);
    addProperties(message, changes);
    message.deferred = true;
    message.deliveryCount++;
    this.ports.journal.save(this.path, message);
    if (this.isExpired(message)) this.expire(message);
  }

  deadLetter(lockToken: string, reason?: unknown, description?: unknown, changes?: AddedProperties): void {
    const message = this.unlock(lockToken);
    addProperties(message, changes);
    this.moveToDeadLetters(message, reason, description);
  }

  /** Returns the milliseconds of wire time that the renewed lock lasts. */
  renew(lockToken: string): number {
    if (this.sessions) {
      throw new BrokerError('amqp:not-allowed', `'${this.path}' has sessions: renew the lock of the session instead.`);
    }
    if (!this.locks.renew(lockToken, this.settings.lockDurationMs)) throw lockLost(this.path);
    return this.settings.lockDurationMs;
  }

  /** Ends a lock early, as if its time were over. */
  loseLock(lockToken: string): void {
    if (this.locks.has(lockToken)) this.giveBack(this.unlock(lockToken));
  }

  private add(message: StoredMessage): void {
    this.ports.journal.save(this.path, message);
    this.hold(message);
    this.makeReady(message);
  }

  private hold(message: StoredMessage): void {
    this.messages.set(message.sequence, message);
    this.messageBytes += message.draft.bare.length;
    const expiresAtMs = expiryOf(message);
    if (expiresAtMs === undefined) return;
    const expire = () => {
      if (message.lockToken === undefined) this.expire(message);
    };
    this.expiries.set(message.sequence, this.ports.worldDeadlines.at(expiresAtMs, expire));
  }

  private makeReady(message: StoredMessage): void {
    if (this.deadLetters && message.deliveryCount >= this.settings.maxDeliveryCount) {
      const description = `Message could not be consumed after ${this.settings.maxDeliveryCount} delivery attempts.`;
      this.moveToDeadLetters(message, 'MaxDeliveryCountExceeded', description);
      return;
    }
    if (message.deferred) return;
    this.ready.push(this.laneOf(message), message);
    this.ports.wake(this);
  }

  private lock(message: StoredMessage): Locked {
    const sessionMs = this.sessions?.remainingMs(this.laneOf(message));
    const durationMs = sessionMs === undefined ? this.settings.lockDurationMs : undefined;
    const lockToken = this.locks.add(message, durationMs);
    this.ports.journal.save(this.path, message);
    return { message, lockToken, lockedForMs: sessionMs ?? this.settings.lockDurationMs };
  }

  private findDeferred({ sequences, sessionId, linkName }: DeferredRequest): StoredMessage[] {
    this.sessions?.remainingMs(sessionId ?? '', linkName);
    return [...new Set(sequences)].map((sequence) => {
      const message = this.messages.get(sequence);
      const isThere = message?.deferred && message.lockToken === undefined;
      if (isThere && (!this.sessions || message.draft.sessionId === sessionId)) return message;
      throw new BrokerError(
        'com.microsoft:message-not-found',
        `'${this.path}' has no deferred message with sequence number ${sequence} that is free.`,
      );
    });
  }

  /**
   * What the receiver of a session had not settled comes again. A lost lock counts as a failed delivery, a closed
   * receiver does not.
   * https://learn.microsoft.com/azure/service-bus-messaging/message-sessions#impact-of-delivery-count
   */
  private endSession(sessionId: string, isLost: boolean): void {
    for (const message of this.locks.removeSession(sessionId)) this.giveBack(message, isLost);
    this.ports.wake(this);
  }

  /** A delivery without success: counted, then offered again. A message that expired while it was locked goes now. */
  private giveBack(message: StoredMessage, isCounted = true): void {
    if (isCounted) message.deliveryCount++;
    this.ports.journal.save(this.path, message);
    if (this.isExpired(message)) this.expire(message);
    else this.makeReady(message);
  }

  private expire(message: StoredMessage): void {
    if (this.settings.deadLetterOnExpiration) {
      this.moveToDeadLetters(message, 'TTLExpiredException', 'The message expired and was dead lettered.');
    } else this.remove(message);
  }

  /** The reason is Azure's: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-dead-letter-queues */
  private refuseWithoutSession(message: StoredMessage): void {
    const description = "Session enabled entity doesn't allow a message whose session identifier is null.";
    this.moveToDeadLetters(message, 'Session ID is null.', description);
  }

  private moveToDeadLetters(message: StoredMessage, reason: unknown, description: unknown): void {
    this.remove(message);
    const target = this.deadLetters ?? this;
    const moved: StoredMessage = {
      ...message,
      ttlMs: undefined,
      deferred: undefined,
      deadLetterSource: message.deadLetterSource ?? this.path,
    };
    addProperties(moved, { DeadLetterReason: reason, DeadLetterErrorDescription: description });
    target.add(moved);
  }

  private remove(message: StoredMessage): void {
    if (this.messages.delete(message.sequence)) this.messageBytes -= message.draft.bare.length;
    this.expiries.get(message.sequence)?.cancel();
    this.expiries.delete(message.sequence);
    this.ports.journal.remove(this.path, message.sequence);
  }

  private unlock(lockToken: string): StoredMessage {
    const message = this.locks.remove(lockToken);
    if (message) return message;
    throw this.sessions ? sessionLockLost(this.path) : lockLost(this.path);
  }

  private laneOf({ draft }: StoredMessage): string {
    return this.sessions ? (draft.sessionId ?? ONLY_LANE) : ONLY_LANE;
  }

  /** No session would ever lead to it. */
  private isUnreachable({ draft }: StoredMessage): boolean {
    return this.sessions !== undefined && draft.sessionId === undefined;
  }

  private isExpired(message: StoredMessage): boolean {
    const expiresAtMs = expiryOf(message);
    return expiresAtMs !== undefined && expiresAtMs <= this.ports.now();
  }

  private ttlOf(draft: MessageDraft): number | undefined {
    const ttlMs = Math.min(
      draft.ttlMs ?? Number.POSITIVE_INFINITY,
      this.settings.defaultTtlMs ?? Number.POSITIVE_INFINITY,
    );
    return Number.isFinite(ttlMs) ? ttlMs : undefined;
  }
}

function expiryOf(message: StoredMessage): number | undefined {
  return message.ttlMs === undefined ? undefined : message.enqueuedAtMs + message.ttlMs;
}

function addProperties(message: StoredMessage, changes: AddedProperties = {}): void {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined && value !== null);
  if (given.length > 0) message.added = { ...message.added, ...Object.fromEntries(given) };
}
