/** Deals jobs out to processes, as many at once as there are cores, each with a fresh world now and then. */
import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import type { Done, Job } from './shard.js';

/** More slows the lists of a world down; fewer costs a start each. */
const JOBS_PER_PROCESS = 250;

/** A run has taken seconds at most; this is one that hangs. */
const JOB_MS = 180_000;

export async function dealOut(
  jobs: readonly Job[],
  processes: number,
  onDone: (job: Job, done: Done) => void,
): Promise<void> {
  const waiting = [...jobs];
  await Promise.all(
    Array.from({ length: Math.min(processes, jobs.length) }, async () => {
      while (waiting.length > 0) await work(waiting, onDone);
    }),
  );
}

/** One process's life. */
async function work(waiting: Job[], onDone: (job: Job, done: Done) => void): Promise<void> {
  // Many small objects that die young: collected less often, a tenth of the time is saved.
  const execArgv = ['--max-semi-space-size=64'];
  const child = fork(path.join(__dirname, 'shard.js'), { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    for (let count = 0; count < JOBS_PER_PROCESS; count++) {
      const job = waiting.shift();
      if (!job) break;
      const done = await oneJob(child, job);
      onDone(job, done);
      // What a failed run has left behind may spoil the next.
      if (done.error !== undefined || done.result?.outcome === 'wrong') break;
    }
  } finally {
    await end(child);
  }
}

function oneJob(child: ChildProcess, job: Job): Promise<Done> {
  return new Promise((resolve) => {
    const settle = (done: Done) => {
      clearTimeout(timer);
      child.off('message', settle);
      child.off('exit', died);
      resolve(done);
    };
    const died = (code: number | null) => settle({ error: `The process ended with ${code}`, milliseconds: 0 });
    const timer = setTimeout(() => settle({ error: 'It did not come to an end', milliseconds: JOB_MS }), JOB_MS);
    child.on('message', settle);
    child.once('exit', died);
    child.send(job);
  });
}

function end(child: ChildProcess): Promise<void> {
  if (!child.connected) return Promise.resolve();
  return new Promise((resolve) => {
    const kill = setTimeout(() => child.kill('SIGKILL'), 4_000);
    child.once('exit', () => {
      clearTimeout(kill);
      resolve();
    });
    child.send('end');
  });
}
