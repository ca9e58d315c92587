/** `platform.json` in the data folder: time line and ports, so that a world that was killed comes back at the same addresses and time. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { anchorNow, runningClock, type TimeAnchor } from '../local/clock.js';

export interface PlatformFile {
  time: TimeAnchor;
  ports: Record<string, number>;
}

const fileIn = (folder: string): string => path.join(folder, 'platform.json');

/** Makes the folder; `fresh` empties one that is hai's, and touches no other. */
export function prepareDataFolder(folder: string, fresh: boolean): void {
  if (fresh && existsSync(folder)) {
    if (!existsSync(fileIn(folder)))
      throw new Error(`"${folder}" has no platform.json, so it is not a data folder of hai; it is left alone.`);
    rmSync(folder, { recursive: true });
  }
  mkdirSync(folder, { recursive: true });
}

/** The stored time line continues; another speed begins a new one at the time that the old one has reached. */
export function readPlatformFile(folder: string, speed: number): PlatformFile {
  if (!existsSync(fileIn(folder))) return { time: anchorNow(speed), ports: {} };
  const stored = JSON.parse(readFileSync(fileIn(folder), 'utf8')) as PlatformFile;
  if (stored.time.speed === speed) return stored;
  return { ...stored, time: anchorNow(speed, runningClock(stored.time).now()) };
}

export function writePlatformFile(folder: string, content: PlatformFile): void {
  writeFileSync(fileIn(folder), `${JSON.stringify(content, null, 2)}\n`);
}
