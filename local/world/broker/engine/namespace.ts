/**
 * All entities of the broker by path: what can be sent to, what can be received from, and how both come back after a
 * restart.
 */
import { entityNotFound } from '../errors.js';
import { compileRule, type RuleDefinition } from '../filters/rule.js';
import { type Destination, Intake } from './intake.js';
import type { StoredMessage } from './message.js';
import type { EnginePorts } from './ports.js';
import { Queue, type QueueSettings } from './queue.js';
import { type Rule, Rules } from './rules.js';
import { SequenceCounter } from './sequence-counter.js';
import { publish, type Subscription } from './topic.js';

export interface QueueDefinition {
  name: string;
  settings: QueueSettings;
  duplicateWindowMs?: number;
}

export interface TopicDefinition {
  name: string;
  defaultTtlMs?: number;
  duplicateWindowMs?: number;
  subscriptions: { name: string; settings: QueueSettings; rules: Rule[] }[];
}

export interface Topology {
  queues: QueueDefinition[];
  topics: TopicDefinition[];
}

/** What the journal kept of an earlier run. */
export interface Restored {
  messages: { entityPath: string; message: StoredMessage; scheduled: boolean }[];
  seen: { entityPath: string; messageId: string; untilMs: number }[];
  counters: { entityPath: string; nextSequence: number }[];
  /** Changes at run time, in their order. */
  rules: { entityPath: string; name: string; definition: RuleDefinition | undefined }[];
  sessionStates: { entityPath: string; sessionId: string; state: Buffer }[];
}

const DEAD_LETTER_SUFFIX = '/$DeadLetterQueue';

export class Namespace {
  /** By lower-case path: entity names are not case-sensitive. */
  private readonly intakes = new Map<string, Intake>();
  private readonly queues = new Map<string, Queue>();
  private readonly rules = new Map<string, Rules>();
  /** Of queues, topics and subscriptions; a dead-letter queue keeps the numbers of what it holds. */
  private readonly counters = new Map<string, SequenceCounter>();

  constructor(
    topology: Topology,
    private readonly ports: EnginePorts,
  ) {
    for (const definition of topology.queues) this.addQueue(definition);
    for (const definition of topology.topics) this.addTopic(definition);
  }

  /** Whatever messages can be received from, dead-letter queues included. */
  get receivingSides(): Iterable<Queue> {
    return this.queues.values();
  }

  /** @throws BrokerError when nothing can be received from this path; the same for the sending side. */
  queueAt(path: string): Queue {
    const queue = this.queues.get(keyOf(path));
    if (!queue) throw entityNotFound(path);
    return queue;
  }

  intakeAt(path: string): Intake {
    const intake = this.intakes.get(keyOf(path));
    if (!intake) throw entityNotFound(path);
    return intake;
  }

  /** @throws BrokerError when this is not a subscription. */
  rulesAt(path: string): Rules {
    const rules = this.rules.get(keyOf(path));
    if (!rules) throw entityNotFound(path);
    return rules;
  }

  findQueue(path: string): Queue | undefined {
    return this.queues.get(keyOf(path));
  }

  findIntake(path: string): Intake | undefined {
    return this.intakes.get(keyOf(path));
  }

  /** Takes over what an earlier run kept; returns the paths whose entity is no longer declared. */
  restore(restored: Restored): string[] {
    const orphans = new Set<string>();
    for (const { entityPath, nextSequence } of restored.counters) {
      this.counters.get(keyOf(entityPath))?.restore(nextSequence);
    }
    for (const { entityPath, messageId, untilMs } of restored.seen) {
      this.findIntake(entityPath)?.restoreSeen(messageId, untilMs);
    }
    for (const { entityPath, name, definition } of restored.rules) {
      this.rules.get(keyOf(entityPath))?.restore(name, definition && compileRule(name, definition));
    }
    for (const { entityPath, sessionId, state } of restored.sessionStates) {
      this.findQueue(entityPath)?.sessions?.restoreState(sessionId, state);
    }
    for (const { entityPath, message, scheduled } of restored.messages) {
      // Files of the first schema version kept no counters for subscriptions.
      this.counters.get(keyOf(entityPath.replace(DEAD_LETTER_SUFFIX, '')))?.restore(message.sequence + 1);
      const known = scheduled ? this.findIntake(entityPath) : this.findQueue(entityPath);
      if (!known) orphans.add(entityPath);
      else if (known instanceof Intake) known.restoreScheduled(message);
      else known.restore(message);
    }
    return [...orphans];
  }

  private addQueue({ name, settings, duplicateWindowMs }: QueueDefinition): void {
    const queue = this.addReceivingSide(name, settings);
    this.addIntake(name, duplicateWindowMs, {
      accept: (draft, sequence) => queue.enqueue(draft, sequence),
      requiresSession: settings.requiresSession,
      sizeBytes: () => queue.sizeBytes,
    });
  }

  private addTopic({ name, defaultTtlMs, duplicateWindowMs, subscriptions }: TopicDefinition): void {
    const added = subscriptions.map((subscription) => this.addSubscription(name, subscription));
    this.addIntake(name, duplicateWindowMs, {
      accept: (draft) => publish(added, draft, defaultTtlMs, this.ports),
      requiresSession: false,
      sizeBytes: () => added.reduce((bytes, { queue }) => bytes + queue.sizeBytes, 0),
    });
  }

  private addSubscription(
    topicName: string,
    { name, settings, rules: declared }: TopicDefinition['subscriptions'][number],
  ): Subscription {
    const path = `${topicName}/Subscriptions/${name}`;
    const rules = new Rules(path, declared, this.ports.journal);
    this.rules.set(keyOf(path), rules);
    return { queue: this.addReceivingSide(path, settings), rules, counter: this.addCounter(path) };
  }

  private addCounter(path: string): SequenceCounter {
    const counter = new SequenceCounter(path, this.ports.journal);
    this.counters.set(keyOf(path), counter);
    return counter;
  }

  private addReceivingSide(path: string, settings: QueueSettings): Queue {
    const deadLetterSettings = { ...settings, defaultTtlMs: undefined, requiresSession: false };
    const deadLetters = new Queue(path + DEAD_LETTER_SUFFIX, deadLetterSettings, this.ports);
    const queue = new Queue(path, settings, this.ports, deadLetters);
    this.queues.set(keyOf(queue.path), queue);
    this.queues.set(keyOf(deadLetters.path), deadLetters);
    return queue;
  }

  private addIntake(path: string, duplicateWindowMs: number | undefined, destination: Destination) {
    this.intakes.set(keyOf(path), new Intake(path, duplicateWindowMs, this.addCounter(path), this.ports, destination));
  }
}

function keyOf(path: string): string {
  return path.toLowerCase();
}
