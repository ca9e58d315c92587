/** Counts work that has begun and not ended, so that time stands still until it has (explicit clock) and a closing host can wait for it. */
import { realTimer } from '../clock.js';

export class InFlight {
  #count = 0;
  readonly #drained = new Set<() => void>();

  get count(): number {
    return this.#count;
  }

  get isIdle(): boolean {
    return this.#count === 0;
  }

  /** Marks work as begun; call the result once when it has ended. */
  begin(): () => void {
    this.#count++;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      if (--this.#count === 0) for (const wake of this.#drained) wake();
    };
  }

  async track<T>(work: () => Promise<T>): Promise<T> {
    const end = this.begin();
    try {
      return await work();
    } finally {
      end();
    }
  }

  /** Resolves true once nothing is in flight, false after `limitMs` of real time. */
  async drained(limitMs: number): Promise<boolean> {
    if (this.isIdle) return true;
    return new Promise((resolve) => {
      const finish = (drained: boolean) => {
        this.#drained.delete(wake);
        timer.cancel();
        resolve(drained);
      };
      const wake = () => finish(true);
      const timer = realTimer(limitMs, () => finish(false));
      this.#drained.add(wake);
    });
  }
}
