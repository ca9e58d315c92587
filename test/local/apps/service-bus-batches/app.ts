/** Batches of messages, settled by the host or left to their locks. */
import { app, type InvocationContext } from '@azure/functions';

export const batches: { by: string; bodies: unknown[]; metadata: Record<string, unknown> }[] = [];

const note = (bodies: unknown, context: InvocationContext) => {
  batches.push({ by: context.functionName, bodies: bodies as unknown[], metadata: context.triggerMetadata ?? {} });
};

app.serviceBusQueue('batched', {
  queueName: 'batched',
  connection: 'Bus',
  cardinality: 'many',
  handler: (messages, context) => {
    note(messages, context);
    if ((messages as unknown[]).includes('poison')) throw new Error('one of them cannot be read');
  },
});
app.serviceBusQueue('unsettled', {
  queueName: 'unsettled',
  connection: 'Bus',
  autoCompleteMessages: false,
  handler: note,
});
