/**
 * Looks again and again, in real time, until something holds: for what a socket or another process brings. Far longer than it ever takes, so
 * that a busy machine fails no test.
 */
const PATIENCE_MS = 15_000;

/** Reads until `done` holds for what was read, which it gives. @throws Error naming what was last read. */
export async function until<T>(
  read: () => T | Promise<T>,
  done: (value: T) => boolean = Boolean,
  everyMs = 10,
): Promise<T> {
  const endsAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const value = await read();
    if (done(value)) return value;
    if (performance.now() > endsAt) throw new Error(`Not within ${PATIENCE_MS / 1000} s; at last it was ${value}.`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
