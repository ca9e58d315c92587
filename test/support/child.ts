/** Runs the built entry points as child processes, as a person at a terminal would. Each child ends with the test that started it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { ROOT } from '../../dev/paths.js';

/** Builds `dist/` once; incremental, so a second time costs little. */
export function build(): void {
  const tsc = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' });
}

export interface Child {
  process: ChildProcess;
  output: () => string;
  /** Resolves with the exit code, or null after a signal. */
  exited: Promise<number | null>;
  /** Waits for a line of the output that matches; throws when the child ends before. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
}

const LINE_LIMIT_MS = 15_000;

export function start(entry: string, args: string[]): Child {
  const child = spawn(process.execPath, [path.join(ROOT, 'dist', 'dev', entry), ...args], { cwd: ROOT, stdio: 'pipe' });
  let output = '';
  const append = (chunk: Buffer) => {
    output += chunk.toString('utf8');
  };
  child.stdout.on('data', append);
  child.stderr.on('data', append);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let hasEnded = false;
  void exited.then(() => {
    hasEnded = true;
  });
  return {
    process: child,
    output: () => output,
    exited,
    async line(pattern) {
      const endsAt = performance.now() + LINE_LIMIT_MS;
      while (performance.now() < endsAt) {
        const found = pattern.exec(output);
        if (found) return found;
        if (hasEnded) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`${entry} has not printed ${pattern}; it printed:\n${output}`);
    },
  };
}
