/**
 * `npm run matrix`: finds every call of every process, spoils each in every way that can happen to it, and writes what became of it into
 * docs/fault-matrix.md. Fails when anything is left, stuck or without a cause, and when a call is new.
 *
 *   --only "<cell>"   runs the cells whose name contains this, and writes nothing; may be given several times
 *   --accept          takes the calls that were found as the expected ones
 *   --list            prints the names of the cells
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Verb } from './calls.js';
import { type Expected, newCalls, readExpected, writeExpected } from './expected.js';
import { KINDS } from './kinds.js';
import { PROCESSES } from './processes.js';
import { type CellResult, summaryLine, writeReport } from './report.js';
import { type Cell, nameOf } from './run.js';
import type { Job } from './shard.js';
import { dealOut } from './shards.js';
import type { Section } from './watch.js';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    accept: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

/** More than there are cores: some wait for silence. */
const AT_ONCE = Math.min(availableParallelism(), 4) + 2;

async function main(): Promise<boolean> {
  const expected = await findCalls();
  if (options.accept) {
    writeExpected(expected);
    console.log('The calls that were found are the expected ones now (test/matrix/expected-calls.json).');
    return true;
  }
  const isNew = newCalls(expected, readExpected());
  if (isNew.length > 0) {
    console.error('The runs make calls that test/matrix/expected-calls.json does not know:');
    for (const line of isNew) console.error(`  ${line}`);
    console.error('Each needs its rows: look through them, then `npm run matrix -- --accept`, and run the matrix.');
    if (options.only === undefined && !options.list) return false;
  }
  const cells = cellsOf(expected).filter((cell) => options.only?.some((part) => nameOf(cell).includes(part)) ?? true);
  if (options.list) {
    for (const cell of cells) console.log(nameOf(cell));
    return true;
  }
  const results = await runCells(cells);
  const wrong = results.filter(({ result }) => result.outcome === 'wrong');
  for (const { cell, result } of wrong) printWrong(cell, result);
  if (options.only === undefined && wrong.length === 0) writeReport(results);
  console.log(summaryLine(results));
  return wrong.length === 0;
}

/** Runs each process undisturbed, and once going back. */
async function findCalls(): Promise<Expected> {
  const jobs: Job[] = PROCESSES.flatMap(({ name, sections }) => [
    { discover: name, goesBack: false },
    ...(sections.includes('back') ? [{ discover: name, goesBack: true }] : []),
  ]);
  const found: Expected = {};
  await dealOut(jobs, AT_ONCE, (job, { seen, error }) => {
    if (!('discover' in job)) return;
    if (!seen) throw new Error(`A run that should be undisturbed was not: ${error}`);
    for (const { section, verb } of seen) add(found, job.discover, section, verb);
  });
  return found;
}

function add(found: Expected, process: string, section: Section, verb: Verb): void {
  const sections = found[process] ?? {};
  sections[section] = [...(sections[section] ?? []), verb];
  found[process] = sections;
}

/** In the order of the tables. */
const cellsOf = (expected: Expected): Cell[] =>
  PROCESSES.flatMap(({ name: process, sections }) =>
    sections.flatMap((section) =>
      [...(expected[process]?.[section] ?? [])]
        .sort()
        .flatMap((verb) =>
          KINDS.filter((kind) => kind.appliesTo(verb)).map(({ name: kind }) => ({ process, section, verb, kind })),
        ),
    ),
  );

async function runCells(cells: readonly Cell[]): Promise<CellResult[]> {
  const results: CellResult[] = [];
  const began = performance.now();
  await dealOut(
    woven(cells).map((cell) => ({ cell })),
    AT_ONCE,
    (job, { result, error, milliseconds }) => {
      if (!('cell' in job)) return;
      const wrong = { outcome: 'wrong' as const, complaints: [error ?? ''], view: [], seconds: 0 };
      results.push({ cell: job.cell, result: result ?? wrong, milliseconds });
      tell(results, cells.length, performance.now() - began);
    },
  );
  const order = new Map(cells.map((cell, index) => [nameOf(cell), index]));
  return results.sort((a, b) => order.get(nameOf(a.cell))! - order.get(nameOf(b.cell))!);
}

/** All processes side by side: what one leaves is what another begins with. */
function woven(cells: readonly Cell[]): Cell[] {
  const counts = Map.groupBy(cells, ({ process }) => process);
  const seen = new Map<string, number>();
  const placed = cells.map((cell) => {
    const index = seen.get(cell.process) ?? 0;
    seen.set(cell.process, index + 1);
    return { cell, place: (index + 0.5) / counts.get(cell.process)!.length };
  });
  return placed.sort((a, b) => a.place - b.place).map(({ cell }) => cell);
}

const TELL_EVERY = 50;

function tell(results: readonly CellResult[], all: number, milliseconds: number): void {
  const { cell, result, milliseconds: took } = results.at(-1)!;
  if (options.only !== undefined || result.outcome === 'wrong' || process.env['MATRIX_VERBOSE'])
    console.log(`${result.outcome.padEnd(9)} ${nameOf(cell)} (${result.seconds} s of world time, ${took} ms)`);
  else if (results.length % TELL_EVERY === 0)
    console.log(`${results.length} of ${all} cells after ${Math.round(milliseconds / 1000)} s`);
}

function printWrong(cell: Cell, { complaints, view }: CellResult['result']): void {
  console.error(`\nWRONG: ${nameOf(cell)}`);
  for (const complaint of complaints) console.error(`  ${complaint}`);
  for (const line of view) console.error(`  | ${line}`);
  console.error(`  alone: npm run matrix -- --only ${JSON.stringify(nameOf(cell))}`);
}

main().then(
  (isGood) => process.exit(isGood ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
