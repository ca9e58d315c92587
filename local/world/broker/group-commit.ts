/**
 * Acknowledged means stored: answers wait for the transaction that holds what they acknowledge. Everything that arrives
 * within one turn of the event loop shares a transaction, and deliveries follow it, so no receiver sees what a crash
 * could still take back.
 */
import type { Queue } from './engine/queue.js';
import type { SqliteJournal } from './journal.js';

export class GroupCommit {
  private answers: (() => void)[] = [];
  private readonly woken = new Set<Queue>();
  private isScheduled = false;
  private isClosed = false;

  constructor(
    private readonly journal: SqliteJournal,
    /** Runs after a transaction and its answers, for each queue that may have something to deliver. */
    private readonly deliver: (queue: Queue) => void,
    /** Memory is ahead of the disk then: the broker has to stop. */
    private readonly onFailure: (error: unknown) => void,
  ) {
    journal.onChange = () => this.schedule();
  }

  get isIdle(): boolean {
    return !this.isScheduled;
  }

  /** Runs `answer` once everything that has been journaled so far is on disk. Answers keep their order. */
  afterwards(answer: () => void): void {
    this.answers.push(answer);
    this.schedule();
  }

  /** Offers the queue's messages to its receivers after the next transaction. */
  requestDelivery(queue: Queue): void {
    this.woken.add(queue);
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled || this.isClosed) return;
    this.isScheduled = true;
    setImmediate(() => this.run());
  }

  /** Writes what is pending and gives no further answers. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.journal.commit();
  }

  private run(): void {
    this.isScheduled = false;
    if (this.isClosed) return;
    const answers = this.answers;
    this.answers = [];
    try {
      this.journal.commit();
    } catch (error) {
      this.isClosed = true;
      this.onFailure(error);
      return;
    }
    for (const answer of answers) answer();
    const woken = [...this.woken];
    this.woken.clear();
    for (const queue of woken) this.deliver(queue);
  }
}
