/** The matrix as a page: nothing in it depends on the machine or the moment, so that a difference is a change. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../dev/paths.js';
import { KINDS } from './kinds.js';
import { PROCESSES } from './processes.js';
import { type Cell, nameOf, type Outcome, type Result } from './run.js';
import type { Section } from './watch.js';

export interface CellResult {
  cell: Cell;
  result: Result;
  milliseconds: number;
}

const FILE = path.join(ROOT, 'docs', 'fault-matrix.md');

const SIGNS: Record<Outcome, string> = { recovered: '✓', failed: '↩', stuck: '⚠', unmet: '', wrong: '✗' };

const SECTIONS: Record<Section, string> = {
  forward: 'forward',
  removal: 'after the first removal',
  back: 'the way back',
};

const count = (results: readonly CellResult[], outcome: Outcome): number =>
  results.filter(({ result }) => result.outcome === outcome).length;

export function summaryLine(results: readonly CellResult[]): string {
  const met = results.filter(({ result }) => result.outcome !== 'unmet');
  return (
    `${met.length} cells: ${count(met, 'recovered')} recovered, ${count(met, 'failed')} failed and clean, ` +
    `${count(met, 'stuck')} stuck where a removal is refused, ${count(met, 'wrong')} wrong`
  );
}

export function writeReport(results: readonly CellResult[]): void {
  const parts = PROCESSES.flatMap(({ name, title, sections }) =>
    sections.map((section) => ({
      title: `${title}: ${SECTIONS[section]}`,
      results: results.filter(({ cell }) => cell.process === name && cell.section === section),
    })),
  );
  const pages = [
    INTRODUCTION,
    legend(),
    summary(parts),
    ...parts.map((part) => `## ${part.title}\n\n${table(part.results)}`),
  ];
  writeFileSync(FILE, `${pages.join('\n\n')}\n`);
}

const INTRODUCTION = `# The fault matrix

Every call that a process makes, read or write, to Azure, the cluster, the gateway, Cosmos DB and Service Bus, against every fault that can
happen to it. Each cell is one run of the process on the embedded platform, with that fault on that call from its first use on. \`npm run matrix\`
finds the calls by itself, runs all cells and writes this page; it fails on a call that it does not know, and on a run that

- has not ended, or not with a cause, within the bounds of its waits;
- is stuck, though no removal is refused; or stays stuck when the refusal is lifted and an operator says "retry";
- leaves anything in Azure, in the cluster or in the ledger that was not there before, after it failed;
- has a ledger that says anything else than the world, after it succeeded;
- tells its listeners nothing of its end, or more than once, or leaves events unpublished.

| sign | means |
| ---- | ----- |
| ✓ | recovered: the process reached its end, in the forward direction or back |
| ↩ | failed and clean: it said why, and everything is as it was before |
| ⚠ | stuck, with its cause, since a removal is refused; a retry ends clean once it is not |
| (empty) | cannot happen to this call |`;

const legend = (): string =>
  [
    '| fault | what happens |',
    '| ----- | ------------ |',
    ...KINDS.map(({ name, what }) => `| ${name} | ${what} |`),
  ].join('\n');

function summary(parts: readonly { title: string; results: CellResult[] }[]): string {
  const row = (title: string, results: readonly CellResult[]) => {
    const met = results.filter(({ result }) => result.outcome !== 'unmet');
    return `| ${title} | ${met.length} | ${count(met, 'recovered')} | ${count(met, 'failed')} | ${count(met, 'stuck')} |`;
  };
  const all = parts.flatMap(({ results }) => results);
  return [
    '| process | cells | ✓ | ↩ | ⚠ |',
    '| ------- | ----- | - | - | - |',
    ...parts.map(({ title, results }) => row(title, results)),
    row('all', all),
  ].join('\n');
}

function table(results: readonly CellResult[]): string {
  const verbs = [...new Set(results.map(({ cell }) => cell.verb))];
  const kinds = KINDS.filter(({ name }) =>
    results.some(({ cell, result }) => cell.kind === name && result.outcome !== 'unmet'),
  );
  const signs = new Map(results.map(({ cell, result }) => [nameOf(cell), SIGNS[result.outcome]]));
  const [first] = results;
  if (!first) return 'No calls.';
  return [
    `| call | ${kinds.map(({ name }) => name).join(' | ')} |`,
    `| ---- | ${kinds.map(() => '-').join(' | ')} |`,
    ...verbs.map(
      (verb) =>
        `| ${verb} | ${kinds.map(({ name }) => signs.get(nameOf({ ...first.cell, verb, kind: name })) ?? '').join(' | ')} |`,
    ),
  ].join('\n');
}
