/** A process with a stage of its own: does one run after another, as the main process asks. */
import { type Cell, discover, processOf, type Result, runCell } from './run.js';
import { Stage } from './stage.js';

export type Job = { discover: string; goesBack: boolean } | { cell: Cell };

export interface Done {
  seen?: Awaited<ReturnType<typeof discover>>;
  result?: Result;
  error?: string;
  milliseconds: number;
}

let stage: Promise<Stage> | undefined;

process.on('message', (job: Job | 'end') => {
  if (job === 'end') return void end();
  const began = performance.now();
  const tell = (done: Omit<Done, 'milliseconds'>) =>
    process.send!({ ...done, milliseconds: Math.round(performance.now() - began) } satisfies Done);
  run(job).then(tell, (error: unknown) =>
    tell({ error: error instanceof Error ? (error.stack ?? '') : String(error) }),
  );
});

async function run(job: Job): Promise<Omit<Done, 'milliseconds'>> {
  stage ??= Stage.open();
  if ('cell' in job) return { result: await runCell(job.cell, await stage) };
  return { seen: await discover(processOf(job.discover), job.goesBack, await stage) };
}

/** What still hangs in the world hangs with its process. */
async function end(): Promise<void> {
  await Promise.race([stage?.then((opened) => opened.close()), new Promise((resolve) => setTimeout(resolve, 2_000))]);
  process.exit(0);
}
