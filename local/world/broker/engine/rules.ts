/**
 * The rules of one subscription. The configuration declares them; changes at run time are kept beside it, rule by rule,
 * so that a later change of the configuration still reaches the rules that nobody touched.
 */
import { BrokerError } from '../errors.js';
import type { Journal, MessageChanges, MessageFields } from './message.js';

/** Whether a subscription wants a message. */
export type RuleFilter = (fields: MessageFields) => boolean;

/** What a rule changes in the subscription's copy. */
export type RuleAction = (fields: MessageFields) => MessageChanges;

export interface Rule<Definition = unknown> {
  name: string;
  /** As it was given; the engine only keeps it. */
  definition: Definition;
  matches: RuleFilter;
  act?: RuleAction;
}

/** SQL filters a topic may have (standard tier): https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas */
const RULES_MAX = 2_000;

export class Rules {
  /** By lower-case name, in the order in which they were added. */
  private readonly rules = new Map<string, Rule>();

  constructor(
    /** Of the subscription. */
    readonly path: string,
    declared: Rule[],
    private readonly journal: Journal,
  ) {
    for (const rule of declared) this.rules.set(rule.name.toLowerCase(), rule);
  }

  get all(): Rule[] {
    return [...this.rules.values()];
  }

  /** @throws BrokerError when there is one of this name, or too many. */
  add(rule: Rule): void {
    if (this.rules.has(rule.name.toLowerCase())) {
      throw new BrokerError(
        'com.microsoft:entity-already-exists',
        `The subscription '${this.path}' has a rule '${rule.name}' already.`,
      );
    }
    if (this.rules.size >= RULES_MAX) {
      throw new BrokerError(
        'amqp:resource-limit-exceeded',
        `'${this.path}' has ${RULES_MAX} rules, the most it takes.`,
      );
    }
    this.rules.set(rule.name.toLowerCase(), rule);
    this.journal.saveRule(this.path, rule.name, rule.definition);
  }

  /** @throws BrokerError when there is none of this name. */
  remove(name: string): void {
    if (!this.rules.delete(name.toLowerCase())) {
      // The client SDK recognises a missing entity by this sentence.
      const sentence = `The messaging entity '${this.path}/Rules/${name}' could not be found.`;
      throw new BrokerError('amqp:not-found', sentence);
    }
    this.journal.saveRule(this.path, name, undefined);
  }

  /** Repeats a change of an earlier run. @param rule Absent: it was removed. */
  restore(name: string, rule: Rule | undefined): void {
    if (rule) this.rules.set(name.toLowerCase(), rule);
    else this.rules.delete(name.toLowerCase());
  }
}
