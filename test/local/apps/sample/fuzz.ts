/** An orchestrator that carries out any plan and checks each result, for random tests of the host with the real library. */
import { app } from '@azure/functions';
import * as df from 'durable-functions';

export type Plan =
  | { kind: 'activity'; value: number }
  | { kind: 'retry'; key: number; failures: number; attempts: number }
  | { kind: 'timer'; minutes: number }
  | { kind: 'sub'; plans: Plan[] }
  | { kind: 'entity'; key: number }
  | { kind: 'signal'; key: number }
  | { kind: 'event'; name: string }
  | { kind: 'all'; plans: Plan[] }
  | { kind: 'any'; plans: Plan[] };

const attempts = new Map<string, number>();

df.app.activity('fuzzEcho', { handler: (value: number) => value });
df.app.activity('fuzzFlaky', {
  handler: ({ key, failures }: { key: string; failures: number }) => {
    const count = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, count);
    if (count <= failures) throw new Error(`attempt of ${key}`);
    return key;
  },
});
df.app.entity('fuzzEntity', (context) => {
  const state = `${context.df.entityKey}`;
  context.df.setState(state);
  context.df.return(state);
});

/** Returns descriptions of what was wrong: an empty list is success. */
df.app.orchestration('fuzz', function* (context) {
  const wrong: string[] = [];
  for (const [index, plan] of (context.df.getInput<Plan[]>() ?? []).entries()) {
    const key = (plan: Extract<Plan, { kind: 'retry' }>) => `${context.df.instanceId} ${index} ${plan.key}`;
    const begin = (plan: Plan): df.Task => {
      switch (plan.kind) {
        case 'activity':
          return context.df.callActivity('fuzzEcho', plan.value);
        case 'retry':
          return context.df.callActivityWithRetry('fuzzFlaky', new df.RetryOptions(60_000, plan.attempts), {
            key: key(plan),
            failures: plan.failures,
          });
        case 'timer':
          return context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + plan.minutes * 60_000));
        case 'sub':
          return context.df.callSubOrchestrator('fuzz', plan.plans);
        case 'entity':
          return context.df.callEntity(new df.EntityId('fuzzEntity', `${plan.key}`), 'read');
        case 'signal':
          context.df.signalEntity(new df.EntityId('fuzzEntity', `${plan.key}`), 'touch');
          return context.df.callActivity('fuzzEcho', plan.key);
        case 'event':
          return context.df.waitForExternalEvent(plan.name);
        default:
          return context.df.Task[plan.kind](plan.plans.map(begin));
      }
    };
    const check = (plan: Plan, task: df.Task, result: unknown): void => {
      const expected = expectedResult(plan, () => key(plan as never));
      if (plan.kind === 'all') {
        for (const [position, child] of plan.plans.entries())
          check(child, childrenOf(task)[position]!, (result as unknown[])[position]);
      } else if (plan.kind === 'any') {
        const position = childrenOf(task).indexOf(result as df.Task);
        check(plan.plans[position]!, result as df.Task, (result as df.Task).result);
      } else if (plan.kind !== 'timer' && JSON.stringify(result) !== JSON.stringify(expected)) {
        wrong.push(`${JSON.stringify(plan)} gave ${JSON.stringify(result)}`);
      }
    };
    const task = begin(plan);
    const fails = plan.kind === 'retry' && plan.failures >= plan.attempts;
    try {
      check(plan, task, yield task);
      if (fails) wrong.push(`${JSON.stringify(plan)} did not fail`);
    } catch (error) {
      if (!fails || !(error as Error).message.includes(key(plan)))
        wrong.push(`${JSON.stringify(plan)} threw ${(error as Error).message}`);
    }
  }
  return wrong;
});

function childrenOf(task: df.Task): df.Task[] {
  return (task as unknown as { children: df.Task[] }).children;
}

function expectedResult(plan: Plan, key: () => string): unknown {
  switch (plan.kind) {
    case 'activity':
      return plan.value;
    case 'retry':
      return key();
    case 'entity':
      return `${plan.key}`;
    case 'signal':
      return plan.key;
    case 'event':
      return { event: plan.name };
    case 'sub':
      return [];
    default:
      return undefined;
  }
}

/** The client of the running app. */
export let client: df.DurableClient;
app.http('client', {
  extraInputs: [df.input.durableClient()],
  handler: (_request, context) => {
    client = df.getClient(context);
    return { status: 200 };
  },
});
