/**
 * Everything impure that the engine uses, passed in: time, ids, the journal, the reader of message fields, and who to
 * wake.
 */
import type { Deadlines } from './deadlines.js';
import type { Journal, MessageChanges, MessageDraft, MessageFields } from './message.js';
import type { Queue } from './queue.js';

export interface EnginePorts {
  /** World time, epoch milliseconds: enqueue time, time-to-live, schedules, duplicate windows. */
  now(): number;
  worldDeadlines: Deadlines;
  /** Wire time, epoch milliseconds: locks. */
  wireNow(): number;
  wireDeadlines: Deadlines;
  journal: Journal;
  /** A new lock token: a uuid in its usual text form. */
  newLockToken(): string;
  readFields(draft: MessageDraft): MessageFields;
  rewrite(draft: MessageDraft, changes: MessageChanges): MessageDraft;
  /** Bytes that an entity holds at most. */
  entityMaxBytes: number;
  /** The queue has something to deliver. */
  wake(queue: Queue): void;
}
