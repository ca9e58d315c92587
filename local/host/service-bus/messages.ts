/** Service Bus messages in and out of the worker protocol's form. */
import type { ServiceBusMessage, ServiceBusReceivedMessage } from '@azure/service-bus';
import type { Invocation } from '../invoker.js';
import { fromBytes, type TypedData } from '../typed-data.js';

/**
 * A function on one message. With `dataType: 'binary'` it gets the bytes; otherwise a text, and then the properties of a JSON object take the place
 * of the broker's metadata of the same name (`Utility.ApplyBindingData` of the Functions host, which knows no case).
 */
export function messageInvocation(message: ServiceBusReceivedMessage, dataType?: string): Invocation {
  const data = bodyData(message);
  const metadata = triggerMetadata(message);
  if (dataType === 'binary')
    return { data: { bytes: data.bytes ?? Buffer.from(data.string ?? data.json ?? '') }, triggerMetadata: metadata };
  return { data, triggerMetadata: { ...metadata, ...overwritten(metadata, data.string) } };
}

function overwritten(metadata: Record<string, TypedData>, body: string | undefined): Record<string, TypedData> {
  const names = new Map(Object.keys(metadata).map((name) => [name.toLowerCase(), name]));
  const own = Object.entries(jsonObject(body)).filter(([, value]) => value !== null && !Array.isArray(value));
  return Object.fromEntries(
    own.map(([name, value]) => [
      names.get(name.toLowerCase()) ?? name,
      typeof value === 'object' ? { json: JSON.stringify(value) } : { string: String(value) },
    ]),
  );
}

function jsonObject(body = ''): object {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}

/** A function on a batch: all bodies, and each piece of metadata as an array named `<Key>Array`. */
export function batchInvocation(messages: ServiceBusReceivedMessage[]): Invocation {
  const metadata = messages.map(triggerMetadata);
  const keys = [...new Set(metadata.flatMap(Object.keys))];
  const arrays = keys.map((key) => {
    const values = metadata.map((one) => (one[key] ? plainValue(one[key]) : null));
    return [`${key}Array`, { json: JSON.stringify(values) }] as const;
  });
  return { data: batchData(messages.map(bodyData)), triggerMetadata: Object.fromEntries(arrays) };
}

/** Texts if all bodies are texts, bytes otherwise. */
function batchData(bodies: TypedData[]): TypedData {
  const texts = bodies.map((body) => body.string ?? body.json);
  if (texts.every((text) => text !== undefined)) return { collectionString: { string: texts } };
  return {
    collectionBytes: { bytes: bodies.map((body) => body.bytes ?? Buffer.from(body.string ?? body.json ?? '')) },
  };
}

function plainValue({ string, json, int }: TypedData): unknown {
  return json === undefined ? (string ?? int) : JSON.parse(json);
}

/** The body: text if it is UTF-8 (the library tries JSON), bytes otherwise; AMQP values as JSON. */
function bodyData({ body }: ServiceBusReceivedMessage): TypedData {
  if (body === undefined || body === null) return {};
  return Buffer.isBuffer(body) ? fromBytes(body) : { json: JSON.stringify(body) };
}

/** What functions see in `context.triggerMetadata`; the library makes the keys camelCase. */
function triggerMetadata(message: ServiceBusReceivedMessage): Record<string, TypedData> {
  const applicationProperties = message.applicationProperties ?? {};
  const values: Record<string, TypedData | undefined> = {
    MessageId: text(message.messageId),
    CorrelationId: text(message.correlationId),
    SessionId: text(message.sessionId),
    ContentType: text(message.contentType),
    Subject: text(message.subject),
    To: text(message.to),
    ReplyTo: text(message.replyTo),
    PartitionKey: text(message.partitionKey),
    LockToken: text(message.lockToken),
    DeadLetterReason: text(message.deadLetterReason),
    DeadLetterErrorDescription: text(message.deadLetterErrorDescription),
    DeadLetterSource: text(message.deadLetterSource),
    SequenceNumber: message.sequenceNumber && { int: message.sequenceNumber.toNumber() },
    // The wire counts earlier deliveries; Functions, as the .NET SDK, counts this one too.
    DeliveryCount: { int: (message.deliveryCount ?? 0) + 1 },
    EnqueuedTimeUtc: time(message.enqueuedTimeUtc),
    ExpiresAtUtc: time(message.expiresAtUtc),
    ApplicationProperties: { json: JSON.stringify(applicationProperties) },
    UserProperties: { json: JSON.stringify(applicationProperties) },
  };
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, TypedData] => entry[1] !== undefined),
  );
}

/** Messages of an output value: an array is one message for each element. */
export function outputMessages(data: TypedData): ServiceBusMessage[] {
  if (data.bytes) return [{ body: Buffer.from(data.bytes), contentType: 'application/octet-stream' }];
  if (data.json === undefined) return [textMessage(data.string ?? String(data.int ?? data.double))];
  const value: unknown = JSON.parse(data.json);
  const elements = Array.isArray(value) ? (value as unknown[]) : [value];
  return elements.map((element) =>
    typeof element === 'string'
      ? textMessage(element)
      : { body: Buffer.from(JSON.stringify(element)), contentType: 'application/json' },
  );
}

/** Bodies travel as bytes: the SDK would put quotation marks around a text. */
function textMessage(body: string): ServiceBusMessage {
  return { body: Buffer.from(body), contentType: 'text/plain' };
}

function text(value: unknown): TypedData | undefined {
  return value === undefined || value === null ? undefined : { string: String(value) };
}

function time(value: Date | undefined): TypedData | undefined {
  return value && { json: JSON.stringify(value) };
}
