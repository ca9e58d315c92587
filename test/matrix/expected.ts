/** The calls that are known to be made, by process and part: a new one is noticed, and gets its rows. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../dev/paths.js';
import type { Verb } from './calls.js';
import { PROCESSES } from './processes.js';
import type { Section } from './watch.js';

/** Process → part → calls. */
export type Expected = Record<string, Partial<Record<Section, Verb[]>>>;

const FILE = path.join(ROOT, 'test', 'matrix', 'expected-calls.json');

export function readExpected(): Expected {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Expected;
  } catch {
    return {};
  }
}

export function writeExpected(found: Expected): void {
  const sorted = Object.fromEntries(
    PROCESSES.map(({ name, sections }) => [
      name,
      Object.fromEntries(sections.map((section) => [section, [...(found[name]?.[section] ?? [])].sort()])),
    ]),
  );
  writeFileSync(FILE, `${JSON.stringify(sorted, undefined, 2)}\n`);
}

/**
 * What is made and not expected. The other way round says nothing: a token or a kubeconfig that was read a moment before is not read again.
 */
export function newCalls(found: Expected, expected: Expected): string[] {
  const lines = (calls: Expected) =>
    Object.entries(calls).flatMap(([process, sections]) =>
      Object.entries(sections).flatMap(([section, verbs]) => verbs.map((verb) => `${process} / ${section} / ${verb}`)),
    );
  const [is, was] = [lines(found), lines(expected)];
  return is.filter((line) => !was.includes(line));
}
