/** Which queue or subscription a trigger listens to. */
import { type AppFunction, textOption } from '../app-functions.js';

const DEAD_LETTER_SUFFIX = /\/\$deadletterqueue$/i;

/** Arguments of the SDK's receivers: a queue, or a topic with a subscription. */
export type EntityPath = [queue: string] | [topic: string, subscription: string];

/** Throws if the trigger names neither. */
export function entityPath({ trigger, name }: AppFunction): { path: EntityPath; isDeadLetter: boolean } {
  const queue = textOption(trigger, 'queueName');
  const topic = textOption(trigger, 'topicName');
  const subscription = textOption(trigger, 'subscriptionName');
  const last = queue ?? subscription;
  if (!last || (!queue && !topic))
    throw new Error(`Function "${name}" needs queueName, or topicName and subscriptionName.`);
  const entity = last.replace(DEAD_LETTER_SUFFIX, '');
  return { path: queue ? [entity] : [topic!, entity], isDeadLetter: entity !== last };
}
