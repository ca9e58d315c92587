/**
 * A topic keeps only what is scheduled; everything else becomes a copy in each subscription that has a matching rule.
 */
import type { MessageDraft, MessageFields } from './message.js';
import type { EnginePorts } from './ports.js';
import type { Queue } from './queue.js';
import type { Rules } from './rules.js';
import type { SequenceCounter } from './sequence-counter.js';

export interface Subscription {
  queue: Queue;
  rules: Rules;
  counter: SequenceCounter;
}

/** Names the rule whose action made a copy. */
const RULE_NAME_PROPERTY = 'RuleName';

/** Copies a message to the subscriptions that want it. */
export function publish(
  subscriptions: Subscription[],
  draft: MessageDraft,
  topicTtlMs: number | undefined,
  ports: EnginePorts,
): void {
  const fields = ports.readFields(draft);
  const original: MessageDraft = { ...draft, ttlMs: smaller(draft.ttlMs, topicTtlMs) };
  for (const { queue, rules, counter } of subscriptions) {
    for (const copy of copiesFor(rules, original, fields, ports)) queue.enqueue(copy, counter.take());
  }
}

/**
 * However many rules without an action match, they make one copy; each matching rule with an action makes its own.
 * https://learn.microsoft.com/azure/service-bus-messaging/topic-filters
 */
function copiesFor(rules: Rules, draft: MessageDraft, fields: MessageFields, ports: EnginePorts): MessageDraft[] {
  const matching = rules.all.filter((rule) => rule.matches(fields));
  const copies = matching.some((rule) => !rule.act) ? [draft] : [];
  for (const { name, act } of matching) {
    if (!act) continue;
    const { system, application } = act(fields);
    copies.push(ports.rewrite(draft, { system, application: { ...application, [RULE_NAME_PROPERTY]: name } }));
  }
  return copies;
}

function smaller(left: number | undefined, right: number | undefined): number | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return Math.min(left, right);
}
