/**
 * Limits of the simulated tier, as far as an application meets them at run time. The defaults are those of the standard
 * tier: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas
 */
export interface BrokerLimits {
  /** A message, a batch as a whole, or a session's state. */
  messageBytes: number;
  /** All messages of a queue or topic together, scheduled and dead-lettered ones too. */
  entityBytes: number;
}

export const STANDARD_TIER: BrokerLimits = { messageBytes: 256 * 1024, entityBytes: 1024 ** 3 };

/** Application properties and system properties of one message together. */
export const MESSAGE_HEAD_MAX_BYTES = 64 * 1024;

/** Message ids and session ids. */
export const ID_MAX_CHARACTERS = 128;
