/** Orchestrators and activities: chains, fan-out, failures, retries, children, versions. */
import { app, type HttpRequest } from '@azure/functions';
import * as df from 'durable-functions';

const HOUR_MS = 3600_000;

/** What ran, in order: activities push to it, tests look at it. */
export const calls: string[] = [];

/** Failures that the activity `flaky` still has to produce. */
export const flaky = { failuresLeft: 0 };

df.app.activity('echo', {
  handler: (input: unknown) => {
    calls.push(`echo ${JSON.stringify(input)}`);
    return input;
  },
});
df.app.activity('nothing', { handler: () => undefined });
df.app.activity('typeOf', { handler: (input: unknown) => `${typeof input} ${JSON.stringify(input)}` });
df.app.activity('fail', {
  handler: (message: string) => {
    throw new TypeError(message);
  },
});
df.app.activity('flaky', {
  handler: (input: unknown) => {
    calls.push('flaky');
    if (flaky.failuresLeft-- > 0) throw new Error(`not yet`);
    return input;
  },
});

df.app.orchestration('chain', function* (context) {
  const results: unknown[] = [];
  for (const input of context.df.getInput<unknown[]>() ?? [])
    results.push(yield context.df.callActivity('echo', input));
  return results;
});

df.app.orchestration('types', function* (context) {
  const results: unknown[] = [];
  for (const input of ['text', '123', 5, 1.5, true, { a: [1] }, ['x'], null])
    results.push(yield context.df.callActivity('typeOf', input));
  results.push(yield context.df.callActivity('nothing'));
  return results;
});

df.app.orchestration('fanOut', function* (context) {
  const tasks = Array.from({ length: context.df.getInput<number>() ?? 0 }, (_, index) =>
    context.df.callActivity('echo', index),
  );
  const results: number[] = yield context.df.Task.all(tasks);
  return results.reduce((sum, value) => sum + value, 0);
});

df.app.orchestration('failing', function* (context) {
  yield context.df.callActivity('fail', context.df.getInput());
});

df.app.orchestration('catching', function* (context) {
  try {
    yield context.df.callSubOrchestrator('failing', 'from the child');
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
});

df.app.orchestration('retrying', function* (context) {
  const retry = new df.RetryOptions(HOUR_MS, 3);
  retry.backoffCoefficient = 2;
  const started = context.df.currentUtcDateTime.getTime();
  const result: unknown = yield context.df.callActivityWithRetry('flaky', retry, 'done');
  return { result, hours: (context.df.currentUtcDateTime.getTime() - started) / HOUR_MS };
});

df.app.orchestration('parent', function* (context) {
  const named: string = yield context.df.callSubOrchestrator('whoAmI', 'a', `${context.df.instanceId}-child`, '9.9');
  const anonymous: string = yield context.df.callSubOrchestrator('whoAmI', 'b');
  return [named, anonymous];
});

// biome-ignore lint/correctness/useYield: an orchestrator is a generator even when it waits for nothing.
df.app.orchestration('whoAmI', function* (context) {
  return `${context.df.getInput()} ${context.df.instanceId} ${context.df.parentInstanceId} ${context.df.version}`;
});

/** A deployment changes which activity the orchestrator calls. */
export const codeChange = { activity: 'echo' };
df.app.orchestration('changing', function* (context) {
  context.df.setCustomStatus({ stage: 'begun' });
  yield context.df.callActivity(codeChange.activity, 1);
  context.df.setCustomStatus({ stage: 'waiting' });
  yield context.df.waitForExternalEvent('go');
  return 'unchanged';
});

df.app.orchestration('brokenTimer', function* (context) {
  yield context.df.createTimer(new Date(Number.NaN));
});

app.http('start', {
  route: 'start/{name}',
  methods: ['POST'],
  extraInputs: [df.input.durableClient()],
  handler: async (request: HttpRequest, context) => {
    const client = df.getClient(context);
    const text = await request.text();
    const id = await client.startNew(request.params['name']!, {
      instanceId: request.query.get('id') ?? undefined,
      input: text ? JSON.parse(text) : undefined,
    });
    return client.createCheckStatusResponse(request, id);
  },
});
