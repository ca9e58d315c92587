/**
 * The receiving side: one ordered set of messages that receivers compete for, with locks, delivery counts, expiry and
 * dead-lettering. A queue, a subscription and each one's dead-letter queue are all this.
 */
import type { ClockTimer } from '../../../clock.js';
import { lockLost } from '../errors.js';
import { Heap } from './heap.js';
import type { AddedProperties, MessageDraft, StoredMessage } from './message.js';
import type { EnginePorts } from './ports.js';

export interface QueueSettings {
  lockDurationMs: number;
  /** Deliveries after which a message moves to the dead-letter queue. */
  maxDeliveryCount: number;
  defaultTtlMs?: number;
  deadLetterOnExpiration: boolean;
}

interface Lock {
  message: StoredMessage;
  /** Wire time, epoch milliseconds. */
  untilMs: number;
  timer: ClockTimer;
}

export interface Locked {
  message: StoredMessage;
  lockToken: string;
  /** Milliseconds of wire time that the lock lasts. */
  lockedForMs: number;
}

export class Queue {
  readonly messages = new Map<number, StoredMessage>();
  private readonly ready = new Heap<StoredMessage>((message) => message.sequence);
  private readonly locks = new Map<string, Lock>();
  private readonly expiries = new Map<number, ClockTimer>();

  constructor(
    readonly path: string,
    readonly settings: QueueSettings,
    private readonly ports: EnginePorts,
    /** Absent for a dead-letter queue: nothing leaves it by itself. */
    readonly deadLetters?: Queue,
  ) {}

  get lockedCount(): number {
    return this.locks.size;
  }

  /** Whether a receiver with credit would get something. */
  get hasReady(): boolean {
    return this.nextReady() !== undefined;
  }

  enqueue(draft: MessageDraft, sequence: number): void {
    this.add({ sequence, draft, enqueuedAtMs: this.ports.now(), deliveryCount: 0, ttlMs: this.ttlOf(draft) });
  }

  /** Takes back a message that was stored before a restart. */
  restore(message: StoredMessage): void {
    message.ttlMs = this.deadLetters && this.ttlOf(message.draft);
    this.hold(message);
    if (this.isExpired(message)) this.expire(message);
    else this.makeReady(message);
  }

  /** Locks the next message for a receiver; undefined when there is none. */
  take(): Locked | undefined {
    const message = this.popReady();
    if (!message) return undefined;
    const lockToken = this.ports.newLockToken();
    message.lockToken = lockToken;
    const untilMs = this.ports.wireNow() + this.settings.lockDurationMs;
    this.locks.set(lockToken, { message, untilMs, timer: this.expireLockAt(untilMs, lockToken) });
    this.ports.journal.save(this.path, message);
    return { message, lockToken, lockedForMs: this.settings.lockDurationMs };
  }

  /** Removes the next message for a receive-and-delete receiver. */
  takeAndDelete(): StoredMessage | undefined {
    const message = this.popReady();
    if (message) this.remove(message);
    return message;
  }

  holdsLock(lockToken: string): boolean {
    return this.locks.has(lockToken);
  }

  /** @throws BrokerError when the lock is lost, as do the next three. */
  complete(lockToken: string): void {
    this.remove(this.unlock(lockToken));
  }

  /** Gives the message back, counting the delivery; the last allowed one moves it to the dead-letter queue. */
  abandon(lockToken: string, changes?: AddedProperties): void {
    const message = this.unlock(lockToken);
    addProperties(message, changes);
    this.giveBack(message);
  }

  deadLetter(lockToken: string, reason?: unknown, description?: unknown, changes?: AddedProperties): void {
    const message = this.unlock(lockToken);
    addProperties(message, changes);
    this.moveToDeadLetters(message, reason, description);
  }

  /** Returns the milliseconds of wire time that the renewed lock lasts. */
  renew(lockToken: string): number {
    const lock = this.locks.get(lockToken);
    if (!lock) throw lockLost(this.path);
    lock.timer.cancel();
    lock.untilMs = this.ports.wireNow() + this.settings.lockDurationMs;
    lock.timer = this.expireLockAt(lock.untilMs, lockToken);
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
    this.ready.push(message);
    this.ports.wake(this);
  }

  /** A failed delivery: counted, then offered again. A message that expired while it was locked goes now. */
  private giveBack(message: StoredMessage): void {
    message.deliveryCount++;
    this.ports.journal.save(this.path, message);
    if (this.isExpired(message)) this.expire(message);
    else this.makeReady(message);
  }

  private expire(message: StoredMessage): void {
    if (this.settings.deadLetterOnExpiration) {
      this.moveToDeadLetters(message, 'TTLExpiredException', 'The message expired and was dead lettered.');
    } else this.remove(message);
  }

  private moveToDeadLetters(message: StoredMessage, reason: unknown, description: unknown): void {
    this.remove(message);
    const target = this.deadLetters ?? this;
    const moved: StoredMessage = {
      ...message,
      ttlMs: undefined,
      deadLetterSource: message.deadLetterSource ?? this.path,
    };
    addProperties(moved, { DeadLetterReason: reason, DeadLetterErrorDescription: description });
    target.add(moved);
  }

  private remove(message: StoredMessage): void {
    this.messages.delete(message.sequence);
    this.expiries.get(message.sequence)?.cancel();
    this.expiries.delete(message.sequence);
    this.ports.journal.remove(this.path, message.sequence);
  }

  private unlock(lockToken: string): StoredMessage {
    const lock = this.locks.get(lockToken);
    if (!lock) throw lockLost(this.path);
    this.locks.delete(lockToken);
    lock.timer.cancel();
    lock.message.lockToken = undefined;
    return lock.message;
  }

  private expireLockAt(untilMs: number, lockToken: string): ClockTimer {
    return this.ports.wireDeadlines.at(untilMs, () => this.loseLock(lockToken));
  }

  private popReady(): StoredMessage | undefined {
    const message = this.nextReady();
    if (message) this.ready.pop();
    return message;
  }

  /** Skips what left the queue (expired) while it stood in the order. */
  private nextReady(): StoredMessage | undefined {
    for (let next = this.ready.peek(); next; next = this.ready.peek()) {
      if (this.messages.get(next.sequence) === next) return next;
      this.ready.pop();
    }
    return undefined;
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
