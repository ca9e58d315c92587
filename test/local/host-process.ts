/** `hai-host` in a process of its own, for tests that stop or kill it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CHILD = join(__dirname, 'host-child.cjs');

export interface HostChild {
  url: string;
  /** Resolves with the exit code, null after a kill. */
  exited: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  /** What it has written to stderr. */
  complaints(): string;
}

/** Rejects with what the host complained about if it ends instead of starting. */
export function startHostChild(args: string[], environment: Record<string, string> = {}): Promise<HostChild> {
  const child = spawn(process.execPath, ['--no-warnings', CHILD, ...args], { env: { ...process.env, ...environment } });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let complaints = '';
  child.stderr.on('data', (chunk) => (complaints += chunk));
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => {
      const url = chunk.toString().split('\n')[0]!;
      resolve({ url, exited, kill: (signal) => void child.kill(signal), complaints: () => complaints });
    });
    void exited.then((code) => reject(new Error(`exit ${code}: ${complaints}`)));
  });
}

export function temporaryDirectory(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'host-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
