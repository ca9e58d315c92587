/**
 * NCRONTAB schedules (`{second} {minute} {hour} {day} {month} {day-of-week}`, UTC), read with cron-parser. The one difference is corrected here:
 * when day of month and day of week are both restricted, classic cron takes either, NCRONTAB wants both.
 * Reference: https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
 */
import { CronExpressionParser } from 'cron-parser';

/** Days looked at before a schedule counts as never due: a 29 February on a given weekday comes every 28 years, in 7 candidates. */
const CANDIDATE_DAYS_MAX = 1_000;

/** Throws if the schedule can't be read or is never due. */
export function nextOccurrence(schedule: string, afterMs: number): number {
  const fieldCount = schedule.trim().split(/\s+/).length;
  if (fieldCount !== 5 && fieldCount !== 6)
    throw new Error(`"${schedule}" is not an NCRONTAB schedule: it needs six fields, from seconds to day of week.`);
  let fromMs = afterMs;
  for (let day = 0; day < CANDIDATE_DAYS_MAX; day++) {
    const expression = CronExpressionParser.parse(schedule, { currentDate: new Date(fromMs), tz: 'UTC' });
    const nextMs = expression.next().getTime();
    const { dayOfMonth, dayOfWeek } = expression.fields;
    const both = !dayOfMonth.isWildcard && !dayOfWeek.isWildcard;
    if (!both || matchesBoth(nextMs, dayOfMonth.values, dayOfWeek.values)) return nextMs;
    fromMs = new Date(nextMs).setUTCHours(23, 59, 59, 999);
  }
  throw new Error(`The schedule "${schedule}" is never due.`);
}

function matchesBoth(epochMs: number, daysOfMonth: readonly unknown[], daysOfWeek: readonly unknown[]): boolean {
  const date = new Date(epochMs);
  return daysOfMonth.includes(date.getUTCDate()) && daysOfWeek.includes(date.getUTCDay());
}
