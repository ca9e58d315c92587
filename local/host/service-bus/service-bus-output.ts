/** Service Bus outputs (`$return` and `extraOutputs`): sends what a function put out, after it has succeeded. */
import { textOption } from '../app-functions.js';
import type { Binding } from '../registry.js';
import type { TypedData } from '../typed-data.js';
import type { ServiceBusConnections } from './connections.js';
import { outputMessages } from './messages.js';

/** Throws, and so fails the invocation, if the messages can't be sent. */
export async function sendOutput(connections: ServiceBusConnections, binding: Binding, data: TypedData): Promise<void> {
  const entity = textOption(binding, 'queueName') ?? textOption(binding, 'topicName');
  if (!entity) throw new Error('A serviceBus output needs queueName or topicName.');
  await connections.sender(textOption(binding, 'connection'), entity).sendMessages(outputMessages(data));
}
