/** Orchestrators that wait: for timers, for external events, for whichever comes first. */
import * as df from 'durable-functions';

const HOUR_MS = 3600_000;

const later = (context: df.OrchestrationContext, delayMs: number) =>
  context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + delayMs));

// biome-ignore lint/correctness/useYield: an orchestrator is a generator even when it waits for nothing.
df.app.orchestration('echo', function* (context) {
  return context.df.getInput();
});

df.app.orchestration('timeoutOrEvent', function* (context) {
  const timeout = later(context, context.df.getInput<number>() || HOUR_MS);
  const approval = context.df.waitForExternalEvent('approval');
  const winner: df.Task = yield context.df.Task.any([timeout, approval]);
  if (winner === timeout) return 'timed out';
  timeout.cancel();
  return { approved: approval.result };
});

df.app.orchestration('sleep', function* (context) {
  yield later(context, context.df.getInput<number>() ?? 0);
  return context.df.currentUtcDateTime.toISOString();
});

df.app.orchestration('collect', function* (context) {
  const { left, seen } = context.df.getInput<{ left: number; seen: string[] }>()!;
  if (left === 0) return seen;
  context.df.setCustomStatus({ left });
  const item: string = yield context.df.waitForExternalEvent('item');
  context.df.continueAsNew({ left: left - 1, seen: [...seen, item] });
  return undefined;
});
