/**
 * Reads the files that describe a world: YAML or JSON in which `{ $file: path }` stands for the text of a file beside it, so that long
 * policies stay files of their own.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

/** The parsed content, for `WorldOptions.resources` or `topology`. Throws an Error that names the file that cannot be read or parsed. */
export function readWorldFile(file: string): unknown {
  try {
    return withFiles(parse(readFileSync(file, 'utf8')), path.dirname(file));
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as Error).message}`);
  }
}

function withFiles(value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withFiles(item, folder));
  if (value === null || typeof value !== 'object') return value;
  const reference = (value as { $file?: unknown }).$file;
  if (typeof reference === 'string') return readFileSync(path.resolve(folder, reference), 'utf8');
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withFiles(inner, folder)]));
}
