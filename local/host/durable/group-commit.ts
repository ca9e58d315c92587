/**
 * Everything that is to be written within one turn of the event loop shares a transaction, and so one flush of the disk, which costs more than
 * all the rest of a step. Each piece of work stays atomic by itself; nobody hears of it, in memory or outside, before the commit.
 */
import type { Store } from '../store.js';
import { Outbox } from './outbox.js';

/** Resolves with what `work` returned once it is stored and what it sent is delivered; rejects, with nothing stored, if it throws. */
export type Commit = <T>(work: (outbox: Outbox) => T) => Promise<T>;

interface Pending {
  run: (outbox: Outbox) => unknown;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

export class GroupCommit {
  #pending: Pending[] = [];
  #closed = false;

  constructor(
    private readonly store: Store,
    private readonly deliver: (outbox: Outbox) => void,
  ) {}

  get isIdle(): boolean {
    return this.#pending.length === 0;
  }

  readonly commit: Commit = <T>(work: (outbox: Outbox) => T) =>
    new Promise<T>((resolve, reject) => {
      if (this.#closed) throw new Error('The host is closed.');
      if (this.#pending.length === 0) setImmediate(() => this.#flush());
      this.#pending.push({ run: work, resolve: resolve as Pending['resolve'], reject });
    });

  /** Writes what waits and takes nothing more. */
  close(): void {
    this.#flush();
    this.#closed = true;
  }

  #flush(): void {
    const group = this.#pending;
    if (group.length === 0) return;
    this.#pending = [];
    const done: (() => void)[] = [];
    try {
      this.store.transaction(() => {
        for (const pending of group) done.push(this.#runOne(pending));
      });
    } catch (error) {
      for (const { reject } of group) reject(error);
      return;
    }
    for (const report of done) report();
  }

  /** Returns what to do once the transaction is on disk. */
  #runOne({ run, resolve, reject }: Pending): () => void {
    const outbox = new Outbox(this.store);
    try {
      const result = this.store.savepoint(() => run(outbox));
      return () => {
        this.deliver(outbox);
        resolve(result);
      };
    } catch (error) {
      return () => reject(error);
    }
  }
}
