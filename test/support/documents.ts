/** The example documents, as a team would send them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../dev/paths.js';

export const example = (name: string): string => readFileSync(path.join(ROOT, 'examples', name), 'utf8');

export const YAML = { 'content-type': 'application/yaml' };
