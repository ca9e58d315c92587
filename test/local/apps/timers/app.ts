/** Timers on NCRONTAB schedules. */
import { app, type Timer } from '@azure/functions';

/** Runs of the timers, in order. */
export const timerRuns: { name: string; at: string; isPastDue: boolean; last?: string }[] = [];

const timer = (name: string) => (timer: Timer) => {
  const at = new Date().toISOString();
  timerRuns.push({ name, at, isPastDue: timer.isPastDue, last: timer.scheduleStatus?.last });
};
app.timer('hourly', { schedule: '0 0 * * * *', handler: timer('hourly') });
app.timer('friday13th', { schedule: '%FRIDAY_SCHEDULE%', handler: timer('friday13th') });
app.timer('disabled', { schedule: '%NOT_SET%', handler: timer('disabled') });
