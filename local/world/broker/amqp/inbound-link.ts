/** A client's sender, seen from the broker: messages come in, are stored, and are answered once they are on disk. */
import type { Intake } from '../engine/intake.js';
import { BrokerError, serverBusy, toAmqpError } from '../errors.js';
import { type BrokerFaults, refuseWhileDown, takeFault } from '../faults.js';
import type { GroupCommit } from '../group-commit.js';
import type { BrokerLimits } from '../limits.js';
import { readBatch, readMessage } from './codec.js';
import { outcome, type RheaDelivery, type RheaReceiver } from './rhea.js';

/** Half of rhea's incoming session buffer, so that no sender can overflow it. */
export const SENDER_CREDIT = 2_048;

const BATCH_FORMAT = 0x80013700;

export interface InboundContext {
  commit: GroupCommit;
  faults: BrokerFaults;
  limits: BrokerLimits;
  /** World time, epoch milliseconds. */
  now(): number;
}

export class InboundLink {
  constructor(
    private readonly receiver: RheaReceiver,
    private readonly intake: Intake,
    private readonly context: InboundContext,
  ) {}

  receive(delivery: RheaDelivery, bytes: Buffer): void {
    let answer = outcome.accepted();
    try {
      this.store(bytes, delivery.format === BATCH_FORMAT);
    } catch (error) {
      answer = outcome.rejected(toAmqpError(error));
    }
    this.context.commit.afterwards(() => {
      delivery.update(true, answer);
      this.receiver.add_credit(1);
    });
  }

  private store(bytes: Buffer, isBatch: boolean): void {
    const { faults, limits, now } = this.context;
    const { path } = this.intake;
    refuseTooLarge(bytes, path, limits.messageBytes);
    refuseWhileDown(faults, 'send', path, now());
    if (takeFault(faults, 'rejectSends', path)) throw serverBusy();
    this.intake.send(isBatch ? readBatch(bytes) : [readMessage(bytes)]);
    if (takeFault(faults, 'loseSendAnswer', path)) throw serverBusy();
  }
}

/** @throws BrokerError when a message, a batch as a whole, or a session's state exceeds the limit. */
export function refuseTooLarge(bytes: Buffer, path: string, maxBytes: number): void {
  if (bytes.length <= maxBytes) return;
  throw new BrokerError(
    'amqp:link:message-size-exceeded',
    `${bytes.length} bytes are too many: '${path}' takes at most ${maxBytes}.`,
  );
}
