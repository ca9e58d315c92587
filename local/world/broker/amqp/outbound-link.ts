/**
 * A client's receiver, seen from the broker: sends what its queue gives, within the credit, and applies the client's
 * settlements.
 */
import type { Queue } from '../engine/queue.js';
import { lockLost, toAmqpError } from '../errors.js';
import { type BrokerFaults, isDown, refuseWhileDown, takeFault } from '../faults.js';
import type { GroupCommit } from '../group-commit.js';
import { writeMessage } from './codec.js';
import { toDeliveryTag } from './lock-token.js';
import { outcome, type RheaDelivery, type RheaSender } from './rhea.js';
import type { GrantedSession } from './session-accepts.js';

/** `snd-settle-mode` of a receive-and-delete receiver: the broker sends settled and forgets. */
const SETTLED = 1;

/** What the client reported; the names are those of AMQP outcomes. */
export type Settlement = 'accepted' | 'released' | 'modified' | 'rejected';

/** The fields of the outcomes that matter here. */
interface RemoteState {
  undeliverable_here?: boolean;
  message_annotations?: Record<string, unknown>;
  error?: { condition?: string; description?: string; info?: Record<string, unknown> };
}

export interface OutboundContext {
  commit: GroupCommit;
  faults: BrokerFaults;
  /** World time, epoch milliseconds. */
  now(): number;
}

export class OutboundLink {
  private readonly unsettled = new Map<RheaDelivery, string>();
  /** rhea counts a delivery only when it writes it, so credit is counted here as well. */
  private handedOver = 0;
  private awaitingCommit = 0;
  private drained = 0;
  private isDrainDue = false;

  constructor(
    private readonly sender: RheaSender,
    readonly queue: Queue,
    private readonly context: OutboundContext,
    /** Of a session queue: the one session that this link receives from. */
    private readonly session?: GrantedSession,
  ) {
    sender._get_drain = () => this.finishDrain();
  }

  /** Messages that can be sent now: what the client will still take, and rhea's buffer has room for. */
  get credit(): number {
    const granted = this.sender.credit + this.sender.delivery_count - this.drained - this.handedOver;
    return Math.min(granted, this.sender.session.outgoing.available() - this.awaitingCommit);
  }

  /** Whether the client holds a lock that is still valid. */
  get isHolding(): boolean {
    return [...this.unsettled.values()].some((lockToken) => this.queue.holdsLock(lockToken));
  }

  /** Whether there is something that this link could send now. */
  get canDeliver(): boolean {
    if (this.credit <= 0 || !this.holdsSession || !this.queue.hasReady(this.session?.id)) return false;
    return !isDown(this.context.faults, 'receive', this.queue.path, this.context.now());
  }

  /** Sends the queue's next message. Returns false when there is none. */
  deliverNext(): boolean {
    return this.sender.local.attach.snd_settle_mode === SETTLED ? this.deliverAndDelete() : this.deliverLocked();
  }

  /** The client wants its unused credit back: it gets the answer after everything that was taken for it. */
  drain(): void {
    this.context.commit.afterwards(() => {
      this.isDrainDue = true;
      this.sender.connection._register();
    });
  }

  /** rhea calls this at the end of each turn; the answer to a drain has to follow the last transfer. */
  afterTransfers(): void {
    if (this.isDrainDue && this.unwritten === 0) this.sender.issue_flow = true;
  }

  settle(delivery: RheaDelivery, settlement: Settlement): void {
    const lockToken = this.unsettled.get(delivery);
    if (lockToken === undefined) return;
    this.unsettled.delete(delivery);
    let answer = outcome.accepted();
    try {
      this.apply(lockToken, settlement, delivery.remote_state as RemoteState);
    } catch (error) {
      answer = outcome.rejected(toAmqpError(error));
    }
    // Success is always `accepted`: an answer that repeats the client's own `rejected` would look like a failure to it.
    this.context.commit.afterwards(() => delivery.update(true, answer));
  }

  /** The link is gone: its session is free for others; without one its locks stay until they expire. */
  close(): void {
    if (this.session) this.queue.sessions?.release(this.session.id, this.session.holder);
    for (const delivery of this.unsettled.keys()) {
      delivery.settled = true;
      delivery.remote_settled = true;
    }
    this.unsettled.clear();
  }

  /** A link that lost its session lives on until the client has answered; nothing may go there. */
  private get holdsSession(): boolean {
    return !this.session || this.queue.requireSessions().isHeldBy(this.session.id, this.session.holder);
  }

  private get unwritten(): number {
    return this.handedOver - (this.sender.delivery_count - this.drained);
  }

  private deliverLocked(): boolean {
    const taken = this.queue.take(this.session?.id);
    if (!taken) return false;
    this.handedOver++;
    const bytes = writeMessage(taken.message, { lockedUntilMs: this.context.now() + taken.lockedForMs });
    this.unsettled.set(this.send(bytes, taken.lockToken), taken.lockToken);
    return true;
  }

  /** The deletion is on disk before the message leaves, or a crash could deliver it twice. */
  private deliverAndDelete(): boolean {
    const message = this.queue.takeAndDelete(this.session?.id);
    if (!message) return false;
    this.handedOver++;
    this.awaitingCommit++;
    this.context.commit.afterwards(() => {
      this.awaitingCommit--;
      if (this.sender.is_open()) this.send(writeMessage(message), crypto.randomUUID());
    });
    return true;
  }

  private send(bytes: Buffer, lockToken: string): RheaDelivery {
    return this.sender.send(bytes, toDeliveryTag(lockToken), 0) as RheaDelivery;
  }

  private apply(lockToken: string, settlement: Settlement, state: RemoteState): void {
    refuseWhileDown(this.context.faults, 'receive', this.queue.path, this.context.now());
    if (takeFault(this.context.faults, 'loseSettlement', this.queue.path)) {
      this.queue.loseLock(lockToken);
      throw lockLost(this.queue.path);
    }
    if (settlement === 'accepted') this.queue.complete(lockToken);
    else if (settlement === 'released') this.queue.abandon(lockToken);
    else if (settlement === 'modified') this.applyModified(lockToken, state);
    else {
      const { DeadLetterReason, DeadLetterErrorDescription, ...changes } = state.error?.info ?? {};
      this.queue.deadLetter(lockToken, DeadLetterReason, DeadLetterErrorDescription, changes);
    }
  }

  private applyModified(lockToken: string, state: RemoteState): void {
    if (state.undeliverable_here) this.queue.defer(lockToken, state.message_annotations);
    else this.queue.abandon(lockToken, state.message_annotations);
  }

  /** Replaces rhea's version, which gives no answer when all credit was used before the drain arrived. */
  private finishDrain(): boolean {
    if (!this.isDrainDue || this.unwritten > 0) return false;
    this.isDrainDue = false;
    this.drained += this.sender.credit;
    this.sender.delivery_count += this.sender.credit;
    this.sender.credit = 0;
    return true;
  }
}
