/** What the commands of `dev/` share: what they print of a running platform, how they stop, how they fail. */

/** Prints what needs attention; the rest is for a debugger. */
export function logProblems(level: string, source: string, message: string): void {
  if (level === 'warn' || level === 'error') console.error(`${level} ${source}: ${message}`);
}

/** Closes cleanly on Ctrl-C or when the process is asked to end. */
export function closeOnSignal(close: () => Promise<void>): void {
  const stop = () => {
    void close().then(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

/** Ends the process with the cause, in one sentence. */
export const failWith =
  (what: string) =>
  (error: unknown): never => {
    console.error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  };
