/** A client's sender, seen from the broker: messages come in, are stored, and are answered once they are on disk. */
import type { Intake } from '../engine/intake.js';
import { BrokerError, toAmqpError } from '../errors.js';
import { type BrokerFaults, takeFault } from '../faults.js';
import type { GroupCommit } from '../group-commit.js';
import { readBatch, readMessage } from './codec.js';
import { outcome, type RheaDelivery, type RheaReceiver } from './rhea.js';

/** https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas (standard tier). */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/** Half of rhea's incoming session buffer, so that no sender can overflow it. */
export const SENDER_CREDIT = 2_048;

const BATCH_FORMAT = 0x80013700;

export interface InboundContext {
  commit: GroupCommit;
  faults: BrokerFaults;
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
    refuseTooLarge(bytes, this.intake.path);
    if (takeFault(this.context.faults, 'rejectSends', this.intake.path)) throw serverBusy();
    for (const draft of isBatch ? readBatch(bytes) : [readMessage(bytes)]) this.intake.send(draft);
    if (takeFault(this.context.faults, 'loseSendAnswer', this.intake.path)) throw serverBusy();
  }
}

/** @throws BrokerError when a message, or a batch as a whole, exceeds the limit. */
export function refuseTooLarge(bytes: Buffer, path: string): void {
  if (bytes.length <= MAX_MESSAGE_BYTES) return;
  throw new BrokerError(
    'amqp:link:message-size-exceeded',
    `The message has ${bytes.length} bytes; '${path}' takes at most ${MAX_MESSAGE_BYTES}.`,
  );
}

function serverBusy(): BrokerError {
  return new BrokerError('com.microsoft:server-busy', 'A fault was asked for: the local broker pretends to be busy.');
}
