/** The sequence numbers of one entity: growing, never given twice, also not after a restart. */
import type { Journal } from './message.js';

export class SequenceCounter {
  private next = 1;

  constructor(
    private readonly path: string,
    private readonly journal: Journal,
  ) {}

  take(): number {
    const sequence = this.next++;
    this.journal.saveCounter(this.path, this.next);
    return sequence;
  }

  /** Takes back what an earlier run had reached. */
  restore(nextSequence: number): void {
    this.next = Math.max(this.next, nextSequence);
  }
}
