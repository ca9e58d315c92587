/**
 * The peek-locks of one queue: which receiver-side token stands for which message, and until when. In a session queue
 * the session's lock decides, so there the messages' locks have no end of their own.
 */
import type { ClockTimer } from '../../../clock.js';
import type { StoredMessage } from './message.js';
import type { EnginePorts } from './ports.js';

interface Lock {
  message: StoredMessage;
  timer?: ClockTimer;
}

export class MessageLocks {
  private readonly locks = new Map<string, Lock>();

  constructor(
    private readonly ports: EnginePorts,
    private readonly onExpired: (lockToken: string) => void,
  ) {}

  get size(): number {
    return this.locks.size;
  }

  has(lockToken: string): boolean {
    return this.locks.has(lockToken);
  }

  /** Returns the token. @param durationMs Wire time; absent: the lock lasts until it is removed. */
  add(message: StoredMessage, durationMs: number | undefined): string {
    const lockToken = this.ports.newLockToken();
    message.lockToken = lockToken;
    this.locks.set(lockToken, { message, timer: this.expireAfter(durationMs, lockToken) });
    return lockToken;
  }

  /** Returns false when there is no such lock. */
  renew(lockToken: string, durationMs: number): boolean {
    const lock = this.locks.get(lockToken);
    lock?.timer?.cancel();
    if (lock) lock.timer = this.expireAfter(durationMs, lockToken);
    return lock !== undefined;
  }

  /** Returns the message, which is free then; undefined when there is no such lock. */
  remove(lockToken: string): StoredMessage | undefined {
    const lock = this.locks.get(lockToken);
    if (!lock) return undefined;
    this.locks.delete(lockToken);
    lock.timer?.cancel();
    lock.message.lockToken = undefined;
    return lock.message;
  }

  /** Frees all messages of one session. */
  removeSession(sessionId: string): StoredMessage[] {
    const tokens = [...this.locks].filter(([, { message }]) => message.draft.sessionId === sessionId);
    return tokens.map(([lockToken]) => this.remove(lockToken)!);
  }

  private expireAfter(durationMs: number | undefined, lockToken: string): ClockTimer | undefined {
    if (durationMs === undefined) return undefined;
    return this.ports.wireDeadlines.at(this.ports.wireNow() + durationMs, () => this.onExpired(lockToken));
  }
}
