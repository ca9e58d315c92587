/** Gathers messages that arrive together into batches, and runs one batch at a time. */
import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { realTimer } from '../../clock.js';

/** Real time without a further message after which a batch is complete: one send arrives in several reads of the socket. */
const QUIET_MS = 10;

export class Batches {
  #gathered: { message: ServiceBusReceivedMessage; done: () => void }[] = [];
  #quiet: { cancel(): void } | undefined;
  #running = false;

  constructor(
    private readonly sizeMax: number,
    private readonly run: (messages: ServiceBusReceivedMessage[]) => Promise<void>,
  ) {}

  /** Resolves once the batch that holds the message is dealt with. */
  add(message: ServiceBusReceivedMessage): Promise<void> {
    return new Promise((done) => {
      this.#gathered.push({ message, done });
      this.#quiet?.cancel();
      if (this.#gathered.length >= this.sizeMax) this.#runNext();
      else this.#quiet = realTimer(QUIET_MS, () => this.#runNext());
    });
  }

  #runNext(): void {
    if (this.#running || this.#gathered.length === 0) return;
    this.#quiet?.cancel();
    this.#running = true;
    const batch = this.#gathered.splice(0, this.sizeMax);
    void this.run(batch.map(({ message }) => message)).finally(() => {
      for (const { done } of batch) done();
      this.#running = false;
      this.#runNext();
    });
  }
}
