/** Reads `world.yaml`: plain YAML in which `{ $file: path }` stands for the text of a file, so that long policies stay files of their own. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

export function readWorldFile(file: string): unknown {
  return withFiles(parse(readFileSync(file, 'utf8')), path.dirname(file));
}

function withFiles(value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withFiles(item, folder));
  if (value === null || typeof value !== 'object') return value;
  const reference = (value as { $file?: unknown }).$file;
  if (typeof reference === 'string') return readFileSync(path.join(folder, reference), 'utf8');
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withFiles(inner, folder)]));
}
