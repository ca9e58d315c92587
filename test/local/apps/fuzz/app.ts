/** An orchestrator that carries out any plan and checks each result, for random tests of the host with the real library. */
import { appendFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as df from 'durable-functions';

export type Plan =
  | { kind: 'activity'; value: number }
  | { kind: 'retry'; key: number; failures: number; attempts: number }
  | { kind: 'timer'; minutes: number }
  | { kind: 'sub'; plans: Plan[] }
  | { kind: 'entity'; key: number }
  | { kind: 'signal'; key: number }
  | { kind: 'event'; name: string }
  | { kind: 'locked'; key: number }
  | { kind: 'again' }
  | { kind: 'all'; plans: Plan[] }
  | { kind: 'any'; plans: Plan[] };

export interface FuzzInput {
  plans: Plan[];
  /** Descriptions of what was wrong in former generations. */
  wrong: string[];
  generation: number;
}

/** In memory, or in a folder that survives the process: an attempt that a kill interrupts counts too. */
const attempts = new Map<string, number>();
const attemptsFolder = process.env['ATTEMPTS_FOLDER'];

function countAttempt(key: string): number {
  if (!attemptsFolder) attempts.set(key, (attempts.get(key) ?? 0) + 1);
  else appendFileSync(join(attemptsFolder, encodeURIComponent(key)), '.');
  return attemptsFolder ? statSync(join(attemptsFolder, encodeURIComponent(key))).size : attempts.get(key)!;
}

df.app.activity('fuzzEcho', { handler: (value: number) => value });
df.app.activity('fuzzFlaky', {
  handler: ({ key, failures, attempts: most }: { key: string; failures: number; attempts: number }) => {
    if (failures >= most || countAttempt(key) <= failures) throw new Error(`attempt of ${key}`);
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
  const { plans, wrong, generation } = context.df.getInput<FuzzInput>()!;
  for (const [index, plan] of plans.entries()) {
    if (plan.kind === 'again') {
      context.df.continueAsNew({ plans: plans.slice(index + 1), wrong, generation: generation + 1 });
      return undefined;
    }
    if (plan.kind === 'locked') {
      const entities = [0, 1].map((offset) => new df.EntityId('fuzzEntity', `${plan.key + offset}`));
      const lock: df.DurableLock = yield context.df.lock(entities);
      const states: string[] = [];
      for (const entity of entities) states.push(yield context.df.callEntity(entity, 'read'));
      lock.release();
      if (states.join() !== `${plan.key},${plan.key + 1}`) wrong.push(`${JSON.stringify(plan)} gave ${states.join()}`);
      continue;
    }
    const key = (plan: Extract<Plan, { kind: 'retry' }>) =>
      `${context.df.instanceId} ${generation} ${index} ${plan.key}`;
    const begin = (plan: Plan): df.Task => {
      switch (plan.kind) {
        case 'activity':
          return context.df.callActivity('fuzzEcho', plan.value);
        case 'retry':
          return context.df.callActivityWithRetry('fuzzFlaky', new df.RetryOptions(60_000, plan.attempts), {
            key: key(plan),
            failures: plan.failures,
            attempts: plan.attempts,
          });
        case 'timer':
          return context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + plan.minutes * 60_000));
        case 'sub':
          return context.df.callSubOrchestrator('fuzz', { plans: plan.plans, wrong: [], generation: 0 });
        case 'entity':
          return context.df.callEntity(new df.EntityId('fuzzEntity', `${plan.key}`), 'read');
        case 'signal':
          context.df.signalEntity(new df.EntityId('fuzzEntity', `${plan.key}`), 'touch');
          return context.df.callActivity('fuzzEcho', plan.key);
        case 'event':
          return context.df.waitForExternalEvent(plan.name);
        case 'all':
        case 'any':
          return context.df.Task[plan.kind](plan.plans.map(begin));
        default:
          throw new Error(`${plan.kind} is no task.`);
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
