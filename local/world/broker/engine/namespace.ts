/**
 * All entities of the broker by path: what can be sent to, what can be received from, and how both come back after a
 * restart.
 */
import { entityNotFound } from '../errors.js';
import { type Accept, Intake } from './intake.js';
import type { StoredMessage } from './message.js';
import type { EnginePorts } from './ports.js';
import { Queue, type QueueSettings } from './queue.js';
import { publish, type RuleFilter, type Subscription } from './topic.js';

export interface QueueDefinition {
  name: string;
  settings: QueueSettings;
  duplicateWindowMs?: number;
}

export interface TopicDefinition {
  name: string;
  defaultTtlMs?: number;
  duplicateWindowMs?: number;
  subscriptions: { name: string; settings: QueueSettings; filters: RuleFilter[] }[];
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
}

const DEAD_LETTER_SUFFIX = '/$DeadLetterQueue';

export class Namespace {
  /** By lower-case path: entity names are not case-sensitive. */
  private readonly intakes = new Map<string, Intake>();
  private readonly queues = new Map<string, Queue>();

  constructor(
    topology: Topology,
    private readonly ports: EnginePorts,
  ) {
    for (const definition of topology.queues) this.addQueue(definition);
    for (const definition of topology.topics) this.addTopic(definition);
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
      this.findIntake(entityPath)?.restoreCounter(nextSequence);
    }
    for (const { entityPath, messageId, untilMs } of restored.seen) {
      this.findIntake(entityPath)?.restoreSeen(messageId, untilMs);
    }
    for (const { entityPath, message, scheduled } of restored.messages) {
      const known = scheduled ? this.findIntake(entityPath) : this.findQueue(entityPath);
      if (!known) orphans.add(entityPath);
      else if (known instanceof Intake) known.restoreScheduled(message);
      else known.restore(message);
    }
    return [...orphans];
  }

  private addQueue({ name, settings, duplicateWindowMs }: QueueDefinition): void {
    const queue = this.addReceivingSide(name, settings);
    this.addIntake(name, duplicateWindowMs, (draft, sequence) => queue.enqueue(draft, sequence));
  }

  private addTopic({ name, defaultTtlMs, duplicateWindowMs, subscriptions }: TopicDefinition): void {
    const added: Subscription[] = subscriptions.map(({ name: subscription, settings, filters }) => ({
      queue: this.addReceivingSide(`${name}/Subscriptions/${subscription}`, settings),
      filters,
    }));
    this.addIntake(name, duplicateWindowMs, (draft, sequence) =>
      publish(added, draft, sequence, defaultTtlMs, this.ports),
    );
  }

  private addReceivingSide(path: string, settings: QueueSettings): Queue {
    const deadLetters = new Queue(path + DEAD_LETTER_SUFFIX, { ...settings, defaultTtlMs: undefined }, this.ports);
    const queue = new Queue(path, settings, this.ports, deadLetters);
    this.queues.set(keyOf(queue.path), queue);
    this.queues.set(keyOf(deadLetters.path), deadLetters);
    return queue;
  }

  private addIntake(path: string, duplicateWindowMs: number | undefined, accept: Accept) {
    this.intakes.set(keyOf(path), new Intake(path, duplicateWindowMs, this.ports, accept));
  }
}

function keyOf(path: string): string {
  return path.toLowerCase();
}
