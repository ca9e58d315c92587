/**
 * A topic keeps only what is scheduled; everything else becomes one copy in each subscription that has a matching rule.
 */
import type { MessageDraft, MessageFields } from './message.js';
import type { EnginePorts } from './ports.js';
import type { Queue } from './queue.js';

/** Whether a subscription wants a message. */
export type RuleFilter = (fields: MessageFields) => boolean;

export interface Subscription {
  queue: Queue;
  /** One match is enough: without rule actions, further matches make no further copies. */
  filters: RuleFilter[];
}

/** Copies a message to the subscriptions that want it; the copies keep the topic's sequence number. */
export function publish(
  subscriptions: Subscription[],
  draft: MessageDraft,
  sequence: number,
  topicTtlMs: number | undefined,
  ports: EnginePorts,
): void {
  const fields = ports.readFields(draft);
  const copy: MessageDraft = { ...draft, ttlMs: smaller(draft.ttlMs, topicTtlMs) };
  for (const { queue, filters } of subscriptions) {
    if (filters.some((matches) => matches(fields))) queue.enqueue(copy, sequence);
  }
}

function smaller(left: number | undefined, right: number | undefined): number | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return Math.min(left, right);
}
