/** The folder in which the embedded platform keeps its state. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { hasPlatformFile } from '../local/platform-file.js';

/** Makes the folder; `fresh` empties one that is hai's, and touches no other. */
export function prepareDataFolder(folder: string, fresh: boolean): void {
  if (fresh && existsSync(folder)) {
    if (!hasPlatformFile(folder))
      throw new Error(`"${folder}" has no platform.json, so it is not a data folder of hai; it is left alone.`);
    rmSync(folder, { recursive: true });
  }
  mkdirSync(folder, { recursive: true });
}
