/** Processor time that other processes have used, from Linux's /proc; NaN elsewhere. It varies far less than elapsed time does. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Linux counts in ticks of 10 ms on all platforms that Node runs on. */
const TICK_MS = 10;

/** Milliseconds used so far by a process and by those of the group that it leads. */
export function cpuMsOf(pid: number): number {
  if (!existsSync('/proc/self/stat')) return Number.NaN;
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(name) : undefined;
    if (stat && (Number(name) === pid || stat.group === pid)) ticks += stat.ticks;
  }
  return ticks * TICK_MS;
}

/** Undefined for a process that has just ended. The second field is a name in parentheses that may hold anything. */
function readStat(pid: string): { group: number; ticks: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { group: Number(fields[2]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined;
  }
}
