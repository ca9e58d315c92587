/**
 * Interferes with activities by their names, through the programming model's own hooks: lets one fail, runs one twice, records which ran.
 * Load it before the app; the product knows nothing of it.
 */
import { app, type PreInvocationContext } from '@azure/functions';

export interface Interference {
  /** Names and step ids of the activities that ran, in order. */
  ran: { activity: string; stepId?: string }[];
  /** Throws in place of this activity of this step, as if Azure had refused for good. */
  refuse?: { activity: string; stepId: string; operationPrefix?: string };
  /** Runs every activity whose name begins so a second time; the second result counts. */
  repeat?: string;
}

interface StepInput {
  step?: { stepId: string; operationId: string };
}

/** What a refused step answers. */
export const REFUSAL = {
  kind: 'refused',
  problem: {
    type: 'urn:hai:problem:refused-by-azure',
    title: 'Azure refused the step',
    status: 500,
    code: 'refused-by-azure',
    detail: 'refused by the test',
  },
};

export function interfere(): Interference {
  const interference: Interference = { ran: [] };
  app.hook.preInvocation((context: PreInvocationContext) => {
    const activity = context.invocationContext.functionName;
    if (!/^(ensure|observe|undo)-/.test(activity)) return;
    const handler = context.functionHandler;
    context.functionHandler = async (input: unknown, invocation) => {
      const { stepId, operationId = '' } = (input as StepInput).step ?? {};
      interference.ran.push({ activity, stepId });
      const { refuse, repeat } = interference;
      const isMeant = refuse?.activity === activity && refuse.stepId === stepId;
      if (isMeant && operationId.startsWith(refuse.operationPrefix ?? '')) return REFUSAL;
      if (repeat !== undefined && activity.startsWith(repeat)) await handler(input, invocation);
      return handler(input, invocation);
    };
  });
  return interference;
}
