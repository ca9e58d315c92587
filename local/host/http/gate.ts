/** Lets a bounded number of requests in at once, and a bounded number wait. */
export class Gate {
  #open = 0;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(
    private readonly runningMax: number,
    private readonly openMax: number,
  ) {}

  /** Resolves with what to call on leaving, when there is room; at once with undefined if too many are open. */
  async enter(): Promise<(() => void) | undefined> {
    if (this.#open >= this.openMax) return undefined;
    this.#open++;
    if (this.#running >= this.runningMax) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    return () => {
      this.#open--;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    };
  }
}
