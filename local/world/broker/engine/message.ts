/** The shapes that the engine keeps. It never looks into a message's bytes; the wire layer reads and writes those. */

/** Values that a settlement or the dead-lettering adds to a message's application properties. */
export type AddedProperties = Record<string, unknown>;

/** A message as it arrives, before an entity has accepted it. */
export interface MessageDraft {
  /**
   * Encoded AMQP sections from `properties` on, with a message id: passed on untouched, so that no AMQP type is lost.
   */
  bare: Buffer;
  /** Encoded map of the sender's own message annotations. */
  annotations?: Buffer;
  /** As text: the key of duplicate detection. */
  messageId: string;
  /** AMQP's group-id. */
  sessionId?: string;
  ttlMs?: number;
  /** World time, epoch milliseconds. */
  scheduledForMs?: number;
}

/** A message in a queue, a subscription or a dead-letter queue, or waiting in an entity for its scheduled time. */
export interface StoredMessage {
  readonly sequence: number;
  readonly draft: MessageDraft;
  /** World time, epoch milliseconds; for a scheduled message the time at which it was sent. */
  readonly enqueuedAtMs: number;
  /** Failed deliveries so far. */
  deliveryCount: number;
  /** The smaller of the sender's and the entity's, after which the message expires. */
  ttlMs?: number;
  deadLetterSource?: string;
  added?: AddedProperties;
  /** Put aside by a receiver: only its sequence number brings it back. */
  deferred?: boolean;
  /** Set while a receiver holds the message. */
  lockToken?: string;
}

/** The system properties that rules know. */
export type SystemField =
  | 'contentType'
  | 'correlationId'
  | 'messageId'
  | 'replyTo'
  | 'replyToSessionId'
  | 'sessionId'
  | 'subject'
  | 'to';

/** What filters see of a message. */
export type MessageFields = Partial<Record<SystemField, unknown>> & { applicationProperties: Record<string, unknown> };

/** What a rule's action changes; undefined removes. */
export interface MessageChanges {
  system: Partial<Record<SystemField, string | undefined>>;
  application: Record<string, string | number | boolean | undefined>;
}

/** Where the engine reports what has to survive; written in one transaction by the group commit. */
export interface Journal {
  /** The message as it is when the transaction is written. */
  save(entityPath: string, message: StoredMessage, scheduled?: boolean): void;
  remove(entityPath: string, sequence: number): void;
  /** The message id counts as seen until then (world time). */
  remember(entityPath: string, messageId: string, untilMs: number): void;
  saveCounter(entityPath: string, nextSequence: number): void;
  /** Undefined: the session has no state any more. */
  saveSessionState(entityPath: string, sessionId: string, state: Buffer | undefined): void;
  /** A rule was added at run time; undefined: removed. */
  saveRule(subscriptionPath: string, name: string, definition: unknown): void;
}
