/** Service Bus functions for the host's tests. */
import { app, type InvocationContext, output, trigger } from '@azure/functions';
import * as df from 'durable-functions';

export const received: { by: string; body: unknown; metadata: Record<string, unknown> }[] = [];

/** What the function `slow` waits for. */
export const gate = { running: 0, most: 0, opened: Promise.resolve() };

/** Holds `slow` back until the returned function is called. */
export function closeGate(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate.opened = promise;
  return resolve;
}

const note = (body: unknown, context: InvocationContext) => {
  received.push({ by: context.functionName, body, metadata: context.triggerMetadata ?? {} });
};

const copies = output.serviceBusQueue({ queueName: 'copies', connection: 'Bus' });

app.serviceBusQueue('orders', {
  queueName: '%ORDERS_QUEUE%',
  connection: 'Bus',
  return: output.serviceBusTopic({ topicName: 'events', connection: 'Bus' }),
  extraOutputs: [copies],
  handler: (message, context) => {
    note(message, context);
    if (message === 'poison') throw new Error('cannot be read');
    context.extraOutputs.set(copies, ['first', { second: message }]);
    return { handled: message };
  },
});
app.serviceBusQueue('deadOrders', { queueName: 'orders/$DeadLetterQueue', connection: 'Bus', handler: note });
app.serviceBusTopic('events', { topicName: 'events', subscriptionName: 'all', connection: 'Bus', handler: note });
app.serviceBusQueue('copies', { queueName: 'copies', connection: 'Bus', handler: note });
app.generic('raw', {
  trigger: trigger.generic({ type: 'serviceBusTrigger', queueName: 'raw', connection: 'Bus', dataType: 'binary' }),
  handler: note,
});
app.serviceBusQueue('slow', {
  queueName: 'slow',
  connection: 'Bus',
  handler: async (message, context) => {
    gate.most = Math.max(gate.most, ++gate.running);
    await gate.opened;
    gate.running--;
    note(message, context);
    if (typeof message === 'number' && message % 2 === 1 && context.triggerMetadata?.['deliveryCount'] === 1)
      throw new Error('odd ones come twice');
  },
});
app.serviceBusQueue('starter', {
  queueName: 'commands',
  connection: 'Bus',
  extraInputs: [df.input.durableClient()],
  handler: async (message, context) => {
    await df.getClient(context).startNew('commanded', { instanceId: 'from-message', input: message });
  },
});

// biome-ignore lint/correctness/useYield: an orchestrator is a generator even when it waits for nothing.
df.app.orchestration('commanded', function* (context) {
  return context.df.getInput();
});
