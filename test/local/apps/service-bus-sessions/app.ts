/** Messages of sessions, in order, a few sessions at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { app, type InvocationContext } from '@azure/functions';

export const received: { by: string; session: unknown; body: unknown; deliveryCount: unknown }[] = [];

/** Sessions at work now, and the most there were at once. */
export const working = { now: new Set<unknown>(), most: 0, overlaps: 0 };

const work = async (body: unknown, context: InvocationContext) => {
  const { sessionId: session, deliveryCount } = context.triggerMetadata ?? {};
  if (working.now.has(session)) working.overlaps++;
  working.now.add(session);
  working.most = Math.max(working.most, working.now.size);
  await sleep(5);
  working.now.delete(session);
  received.push({ by: context.functionName, session, body, deliveryCount });
  if (body === 'poison' && deliveryCount === 1) throw new Error('comes again before those after it');
};

app.serviceBusQueue('ordered', { queueName: 'ordered', connection: 'Bus', isSessionsEnabled: true, handler: work });
app.serviceBusTopic('orderedEvents', {
  topicName: 'events',
  subscriptionName: 'ordered',
  connection: 'Bus',
  isSessionsEnabled: true,
  cardinality: 'many',
  handler: (bodies, context) => {
    const { sessionIdArray } = context.triggerMetadata as { sessionIdArray: string[] };
    const session = sessionIdArray[0];
    received.push({ by: context.functionName, session, body: bodies, deliveryCount: undefined });
  },
});
