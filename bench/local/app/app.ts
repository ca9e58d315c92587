/** The app that the benchmarks of the embedded host run: trivial activities, so that only the host is measured. */
import { app } from '@azure/functions';
import * as df from 'durable-functions';

df.app.activity('step', { handler: (index: number) => index });

/** As many activities as its input says, one after the other. */
df.app.orchestration('chain', function* (context) {
  const steps = context.df.getInput<number>() ?? 0;
  let sum = 0;
  for (let index = 0; index < steps; index++) sum += yield context.df.callActivity('step', index);
  return sum;
});

/** As many activities as its input says, all at once. */
df.app.orchestration('fanOut', function* (context) {
  const steps = context.df.getInput<number>() ?? 0;
  const results: number[] = yield context.df.Task.all(
    Array.from({ length: steps }, (_, index) => context.df.callActivity('step', index)),
  );
  return results.length;
});

/** Runs until it is told to end, with a timer beside the event as real approvals have. */
df.app.orchestration('wait', function* (context) {
  const deadline = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 24 * 3600_000));
  const approval = context.df.waitForExternalEvent('go');
  yield context.df.Task.any([deadline, approval]);
  if (!deadline.isCompleted) deadline.cancel();
  return approval.result;
});

app.http('memory', { handler: () => ({ jsonBody: { rssMb: Math.round(process.memoryUsage().rss / 2 ** 20) } }) });
