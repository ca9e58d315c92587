/**
 * Patience with a store that does not answer. A message is delivered again at once and only a few times, so its delivery count is none: instead a
 * copy comes later, as a new message, since the broker would drop a second one of the same id (duplicate detection).
 */
import type { ServiceBusMessage } from '@azure/service-bus';
import { z } from 'zod';
import { sha256 } from '../../shared/kit/ids.js';

/** Seconds until the first copy comes; each later one takes three times as long, up to the longest. */
const FIRST_SECONDS = 5;
const FACTOR = 3;
const LONGEST_SECONDS = 600;

/** Six hours, as long as an operation waits for a busy service; then the dead letters keep it, which are looked at every minute. */
const COPIES_MAX = 40;

const PROPERTIES = { copy: 'haiCopy', messageId: 'haiMessageId' } as const;

const PostponedSchema = z.object({
  [PROPERTIES.copy]: z.number().int().positive().catch(0),
  [PROPERTIES.messageId]: z.string().optional().catch(undefined),
});

/** What the broker told of a message, as triggers and receivers name it. */
export interface Metadata {
  messageId?: unknown;
  correlationId?: unknown;
  contentType?: unknown;
  deliveryCount?: unknown;
  applicationProperties?: Record<string, unknown>;
}

/** The id under which the message was sent at first. */
export const originalId = ({ messageId, applicationProperties }: Metadata): string =>
  PostponedSchema.parse(applicationProperties ?? {})[PROPERTIES.messageId] ?? String(messageId ?? '');

/** The copy that comes later; undefined when it has been put off for long enough. */
export function laterCopy(message: Uint8Array, metadata: Metadata, nowMs: number): ServiceBusMessage | undefined {
  const copy = PostponedSchema.parse(metadata.applicationProperties ?? {})[PROPERTIES.copy] + 1;
  if (copy > COPIES_MAX) return undefined;
  const messageId = originalId(metadata);
  const delaySeconds = Math.min(FIRST_SECONDS * FACTOR ** (copy - 1), LONGEST_SECONDS);
  const { correlationId, contentType } = metadata;
  return {
    body: Buffer.from(message),
    messageId: `later-${copy}-${sha256(messageId || Buffer.from(message).toString('base64'))}`,
    ...(typeof correlationId === 'string' && { correlationId }),
    ...(typeof contentType === 'string' && { contentType }),
    applicationProperties: {
      ...metadata.applicationProperties,
      [PROPERTIES.copy]: copy,
      [PROPERTIES.messageId]: messageId,
    },
    scheduledEnqueueTimeUtc: new Date(nowMs + delaySeconds * 1000),
  };
}
