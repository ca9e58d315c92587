/** Where things stand in this repository, from the sources and from the build alike. */
import { existsSync } from 'node:fs';
import path from 'node:path';

/** The folder of `host.json`. */
export const ROOT = findRoot(__dirname);
export const WORLD_FILE = path.join(ROOT, 'dev', 'world.yaml');
export const TOPOLOGY_FILE = path.join(ROOT, 'config', 'topology.json');
export const DEFAULT_DATA_FOLDER = '.hai';

function findRoot(folder: string): string {
  if (existsSync(path.join(folder, 'host.json'))) return folder;
  const parent = path.dirname(folder);
  if (parent === folder) throw new Error('host.json was not found above this file');
  return findRoot(parent);
}
