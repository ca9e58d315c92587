/**
 * `platform.json` in a data folder: time line and ports, shared by host and world, so that one that was killed comes back at the same
 * addresses, and world time goes on where it was instead of jumping back.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { anchorNow, runningClock, type TimeAnchor } from './clock.js';

export interface PlatformFile {
  clock: TimeAnchor;
  ports: Record<string, number>;
}

const FILE_NAME = 'platform.json';

export const hasPlatformFile = (folder: string): boolean => existsSync(join(folder, FILE_NAME));

/** What is stored, with the time line continued at `speed` (default: the stored one, else 1); another speed begins a new line at its end. */
export function openPlatform(folder: string, speed?: number): PlatformFile {
  const stored = read(folder);
  const ports = stored.ports ?? {};
  if (stored.clock && (speed === undefined || speed === stored.clock.speed)) return { clock: stored.clock, ports };
  const clock = stored.clock ? anchorNow(speed, runningClock(stored.clock).now()) : anchorNow(speed);
  write(folder, { ...stored, clock });
  return { clock, ports };
}

/** Keeps the ports for the next start. */
export function keepPorts(folder: string, ports: Record<string, number>): void {
  write(folder, { ...read(folder), ports });
}

const read = (folder: string): Partial<PlatformFile> =>
  hasPlatformFile(folder) ? (JSON.parse(readFileSync(join(folder, FILE_NAME), 'utf8')) as Partial<PlatformFile>) : {};

/** Written beside and renamed: a kill leaves the old file or the new one, never half of one. */
function write(folder: string, content: Partial<PlatformFile>): void {
  const file = join(folder, FILE_NAME);
  writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}
