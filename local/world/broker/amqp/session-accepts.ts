/**
 * Receivers that ask for a session: a named one is theirs or refused at once; for "the next free one" the answer to
 * their attach is held back until a session is free or their patience is over.
 */
import type { ClockTimer } from '../../../clock.js';
import type { Queue } from '../engine/queue.js';
import type { SessionHolder } from '../engine/sessions.js';
import { BrokerError, sessionLockLost, toAmqpError } from '../errors.js';
import { holdAttach } from './hooks.js';
import { type RheaSender, amqpTypes as types } from './rhea.js';

export const SESSION_FILTER = 'com.microsoft:session-filter';
const LOCKED_UNTIL = 'com.microsoft:locked-until-utc';
const TIMEOUT = 'com.microsoft:timeout';

/** The service's own patience with clients that name none: a minute and a few seconds (comment in the client SDK). */
const DEFAULT_TIMEOUT_MS = 65_000;

/**
 * Turns of the event loop that a client in this process may take to read its grant and ask for messages; so long an
 * explicit clock waits.
 */
const GRANT_TURNS = 50;

/** .NET ticks: tenths of microseconds since year 1. */
const TICKS_PER_MS = 10_000n;
const EPOCH_TICKS = 621_355_968_000_000_000n;

export interface SessionAcceptsContext {
  /** World time, epoch milliseconds. */
  now(): number;
  /** Wire time. */
  wireAfter(delayMs: number, run: () => void): ClockTimer;
}

/** A session in the hands of a link. */
export interface GrantedSession {
  id: string;
  holder: SessionHolder;
}

interface Waiting {
  queue: Queue;
  timer: ClockTimer;
  release: () => void;
}

export class SessionAccepts {
  /** In the order of their arrival. */
  private readonly waiting = new Map<RheaSender, Waiting>();
  private freshGrants = 0;

  constructor(
    private readonly context: SessionAcceptsContext,
    private readonly onGranted: (sender: RheaSender, queue: Queue, session: GrantedSession) => void,
  ) {}

  /** Those that still wait. */
  get links(): RheaSender[] {
    return [...this.waiting.keys()];
  }

  /** How many of them wait for one of this queue. */
  countOf(queue: Queue | undefined): number {
    return [...this.waiting.values()].filter((waiting) => waiting.queue === queue).length;
  }

  /** A session was just given out, and its receiver may not have heard of it. */
  get isGranting(): boolean {
    return this.freshGrants > 0;
  }

  /** @throws BrokerError when the named session is locked, or the queue has no sessions. */
  accept(sender: RheaSender, queue: Queue): void {
    const wanted = (sender.source.filter as unknown as Record<string, string | null | undefined>)[SESSION_FILTER];
    if (typeof wanted === 'string') {
      this.tryGrant(sender, queue, wanted);
      return;
    }
    queue.requireSessions();
    const timeoutMs = Number(sender.properties?.[TIMEOUT] ?? DEFAULT_TIMEOUT_MS);
    const timer = this.context.wireAfter(timeoutMs, () => this.giveUp(sender));
    this.waiting.set(sender, { queue, timer, release: holdAttach(sender) });
  }

  /** Gives the queue's free sessions to those who wait, the longest first. */
  serve(queue: Queue): void {
    for (const [sender, waiting] of this.waiting) {
      if (waiting.queue !== queue) continue;
      if (!this.tryGrant(sender, queue)) return;
      this.stopWaiting(sender);
    }
  }

  /** The link is gone. */
  forget(sender: RheaSender): void {
    this.stopWaiting(sender);
  }

  private tryGrant(sender: RheaSender, queue: Queue, wanted?: string): boolean {
    const onLost = () => sender.close(toAmqpError(sessionLockLost(queue.path, id)));
    const holder: SessionHolder = { linkName: sender.name, onLost };
    const id = queue.acceptSession(holder, wanted);
    if (id === undefined) return false;
    const lockedUntilMs = this.context.now() + queue.requireSessions().remainingMs(id);
    const filter = { [SESSION_FILTER]: id } as unknown as NonNullable<typeof sender.source.filter>;
    sender.set_source({ address: sender.source.address, filter });
    sender.local.attach.properties = { [LOCKED_UNTIL]: types.wrap_long(toTicks(lockedUntilMs)) };
    this.onGranted(sender, queue, { id, holder });
    this.countTurns();
    return true;
  }

  private countTurns(): void {
    this.freshGrants++;
    let turns = 0;
    const turn = () => {
      if (++turns < GRANT_TURNS) setImmediate(turn);
      else this.freshGrants--;
    };
    setImmediate(turn);
  }

  private giveUp(sender: RheaSender): void {
    const path = this.waiting.get(sender)?.queue.path;
    this.stopWaiting(sender);
    sender.close(toAmqpError(new BrokerError(TIMEOUT, `No session of '${path}' became free within the time given.`)));
  }

  private stopWaiting(sender: RheaSender): void {
    const waiting = this.waiting.get(sender);
    this.waiting.delete(sender);
    waiting?.timer.cancel();
    waiting?.release();
  }
}

function toTicks(epochMs: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(epochMs) * TICKS_PER_MS + EPOCH_TICKS);
  return bytes;
}
