/**
 * The broker's one error type: an AMQP condition and a sentence. The engine throws it, the wire answers with it, and
 * the client SDK maps the condition to its `code`.
 */
export class BrokerError extends Error {
  constructor(
    /** AMQP error condition, such as `com.microsoft:message-lock-lost`. */
    readonly condition: string,
    message: string,
  ) {
    super(message);
    this.name = 'BrokerError';
  }
}

/** What the real service offers and this broker does not (yet): the README lists it. */
export function notImplemented(feature: string): BrokerError {
  return new BrokerError('amqp:not-implemented', `The local broker does not implement ${feature}.`);
}

/** The SDK recognises a missing entity by this sentence, not by the condition (`translate` in @azure/core-amqp). */
export function entityNotFound(path: string): BrokerError {
  return new BrokerError(
    'amqp:not-found',
    `The messaging entity '${path}' could not be found. Declare it in the broker's configuration.`,
  );
}

export function lockLost(path: string): BrokerError {
  return new BrokerError(
    'com.microsoft:message-lock-lost',
    `The lock supplied is invalid. Either the lock expired, or the message has already been removed from '${path}'.`,
  );
}

export function sessionLockLost(path: string, sessionId?: string): BrokerError {
  const session = sessionId === undefined ? 'The session' : `The session '${sessionId}'`;
  return new BrokerError(
    'com.microsoft:session-lock-lost',
    `${session} of '${path}' is not locked by this receiver: its lock expired, or it was released. Accept it again.`,
  );
}

/** What a sender or a receiver tries again. */
export function serverBusy(): BrokerError {
  return new BrokerError('com.microsoft:server-busy', 'A fault was asked for: the local broker pretends to be busy.');
}

/** The condition and sentence of any thrown value, in the form of an AMQP error. */
export function toAmqpError(thrown: unknown): { condition: string; description: string } {
  if (thrown instanceof BrokerError) return { condition: thrown.condition, description: thrown.message };
  return { condition: 'amqp:internal-error', description: thrown instanceof Error ? thrown.message : String(thrown) };
}
