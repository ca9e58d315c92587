/** Orchestrations that fail until something outside is repaired, to be rewound then. */
import * as df from 'durable-functions';

/** What ran, in order. */
export const calls: string[] = [];

/** Names of activities that fail now. */
export const broken = new Set<string>();

df.app.activity('work', {
  handler: (name: string) => {
    calls.push(name);
    if (broken.has(name)) throw new Error(`${name} is broken`);
    return name;
  },
});

df.app.orchestration('chain', function* (context) {
  const first: string = yield context.df.callActivity('work', 'first');
  const second: string = yield context.df.callActivity('work', 'second');
  return [first, second];
});

df.app.orchestration('parent', function* (context) {
  return yield context.df.callSubOrchestrator('chain', undefined, `${context.df.instanceId}-child`);
});

df.app.orchestration('retrying', function* (context) {
  return yield context.df.callActivityWithRetry('work', new df.RetryOptions(60_000, 3), 'second');
});

df.app.orchestration('parallel', function* (context) {
  return yield context.df.Task.all(['first', 'second', 'third'].map((name) => context.df.callActivity('work', name)));
});

/** Its first failure is dealt with; only the last one is to be repeated. */
df.app.orchestration('handled', function* (context) {
  try {
    yield context.df.callActivity('work', 'first');
  } catch {
    yield context.df.callActivity('work', 'instead');
  }
  return yield context.df.callActivity('work', 'second');
});
