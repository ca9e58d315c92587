/**
 * Keeps the time line of a host that runs at another speed than real time (`platform.json`, key `clock`), so that world time goes on where it
 * was after a restart instead of jumping back.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { anchorNow, runningClock, type TimeAnchor } from '../clock.js';

const FILE_NAME = 'platform.json';

/** The stored time line, continued at `speed` (default: the stored speed, else 1). Other keys of the file are kept. */
export function continueTimeLine(directory: string, speed: number | undefined): TimeAnchor {
  const path = join(directory, FILE_NAME);
  const content = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { clock?: TimeAnchor }) : {};
  const stored = content.clock;
  if (stored && (speed === undefined || speed === stored.speed)) return stored;
  const anchor = stored ? anchorNow(speed, runningClock(stored).now()) : anchorNow(speed);
  writeFileSync(`${path}.new`, `${JSON.stringify({ ...content, clock: anchor }, undefined, 2)}\n`);
  renameSync(`${path}.new`, path);
  return anchor;
}
