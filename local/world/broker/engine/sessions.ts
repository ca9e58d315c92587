/**
 * The sessions of one queue: who holds which, until when, and the state that applications keep with each. A session
 * comes into being with its first message, its first lock or its first state.
 * https://learn.microsoft.com/azure/service-bus-messaging/message-sessions
 */
import type { ClockTimer } from '../../../clock.js';
import { BrokerError, sessionLockLost } from '../errors.js';
import type { EnginePorts } from './ports.js';

/** The receiver that holds a session. */
export interface SessionHolder {
  /** Unique: requests on `$management` name it to show whose lock they mean. */
  linkName: string;
  /** The lock ran out. */
  onLost(): void;
}

interface SessionLock {
  holder: SessionHolder;
  /** Wire time, epoch milliseconds. */
  untilMs: number;
  timer: ClockTimer;
}

export class Sessions {
  private readonly locks = new Map<string, SessionLock>();
  private readonly states = new Map<string, Buffer>();

  constructor(
    private readonly path: string,
    private readonly lockDurationMs: number,
    private readonly ports: EnginePorts,
    /** A lock ended, by expiry (`isLost`) or because its holder gave it back. */
    private readonly onEnd: (sessionId: string, isLost: boolean) => void,
  ) {}

  isLocked(sessionId: string): boolean {
    return this.locks.has(sessionId);
  }

  isHeldBy(sessionId: string, holder: SessionHolder): boolean {
    return this.locks.get(sessionId)?.holder === holder;
  }

  /** @throws BrokerError when another receiver holds the session. */
  lock(sessionId: string, holder: SessionHolder): void {
    if (this.locks.has(sessionId)) {
      throw new BrokerError(
        'com.microsoft:session-cannot-be-locked',
        `The session '${sessionId}' of '${this.path}' is locked by another receiver.`,
      );
    }
    const untilMs = this.ports.wireNow() + this.lockDurationMs;
    this.locks.set(sessionId, { holder, untilMs, timer: this.expireAt(untilMs, sessionId) });
  }

  /**
   * Milliseconds of wire time that the lock still lasts.
   * @param linkName Absent: whoever holds it. @throws BrokerError when the lock is lost, as do the next three.
   */
  remainingMs(sessionId: string, linkName?: string): number {
    return this.requireLock(sessionId, linkName).untilMs - this.ports.wireNow();
  }

  /** Returns the milliseconds of wire time that the renewed lock lasts. */
  renew(sessionId: string, linkName?: string): number {
    const lock = this.requireLock(sessionId, linkName);
    lock.timer.cancel();
    lock.untilMs = this.ports.wireNow() + this.lockDurationMs;
    lock.timer = this.expireAt(lock.untilMs, sessionId);
    return this.lockDurationMs;
  }

  state(sessionId: string, linkName?: string): Buffer | undefined {
    this.requireLock(sessionId, linkName);
    return this.states.get(sessionId);
  }

  setState(sessionId: string, state: Buffer | undefined, linkName?: string): void {
    this.requireLock(sessionId, linkName);
    if (state) this.states.set(sessionId, state);
    else this.states.delete(sessionId);
    this.ports.journal.saveSessionState(this.path, sessionId, state);
  }

  restoreState(sessionId: string, state: Buffer): void {
    this.states.set(sessionId, state);
  }

  /** The holder goes; nothing happens when it had lost the session already. */
  release(sessionId: string, holder: SessionHolder): void {
    if (this.isHeldBy(sessionId, holder)) this.end(sessionId, false);
  }

  private requireLock(sessionId: string, linkName: string | undefined): SessionLock {
    const lock = this.locks.get(sessionId);
    if (!lock || (linkName !== undefined && linkName !== lock.holder.linkName)) {
      throw sessionLockLost(this.path, sessionId);
    }
    return lock;
  }

  private expireAt(untilMs: number, sessionId: string): ClockTimer {
    return this.ports.wireDeadlines.at(untilMs, () => this.end(sessionId, true));
  }

  private end(sessionId: string, isLost: boolean): void {
    const lock = this.locks.get(sessionId)!;
    this.locks.delete(sessionId);
    lock.timer.cancel();
    if (isLost) lock.holder.onLost();
    this.onEnd(sessionId, isLost);
  }
}
