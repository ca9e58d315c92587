/** The map from the seeds' rows to the static platform points at what is there: files exist, and the quoted text stands near the line. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
/** Lines that a reference may be off: close enough to find it, so that an edit above it does not break the check. */
const DRIFT_LINES = 30;

interface Reference {
  file: string;
  line: number;
  text?: string;
}

/** `file:line` with, after it, the text that stands there: (`text`). */
const references: Reference[] = [
  ...readFileSync(join(ROOT, 'docs/seed-inventory-map.md'), 'utf8').matchAll(/`([\w./-]+):(\d+)`(?: \(`([^`]+)`\))?/g),
].map(([, file, line, text]) => ({ file: file!, line: Number(line), text }));

const linesOf = (file: string): string[] => readFileSync(join(ROOT, file), 'utf8').split('\n');

const isTrue = ({ file, line, text }: Reference): boolean => {
  const lines = linesOf(file);
  if (text === undefined) return line <= lines.length;
  const from = Math.max(0, line - 1 - DRIFT_LINES);
  return lines.slice(from, line + DRIFT_LINES).some((found) => found.includes(text));
};

test('it has references to check', () => {
  expect(references.length).toBeGreaterThan(50);
});

test('every reference of the map stands where the map says', () => {
  expect(references.filter((reference) => !isTrue(reference))).toEqual([]);
});
