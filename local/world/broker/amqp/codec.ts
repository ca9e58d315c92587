/**
 * AMQP messages as bytes. rhea would decode them and lose AMQP types (int, long, uuid ...), so the bare message is kept
 * as it came; only the header and the message annotations are taken off on the way in and written anew on the way out.
 */
import { randomBytes } from 'node:crypto';
import { message as rheaMessage, type Typed } from 'rhea';
import type { MessageChanges, MessageDraft, MessageFields, StoredMessage, SystemField } from '../engine/message.js';
import { BrokerError } from '../errors.js';
import { ID_MAX_CHARACTERS, MESSAGE_HEAD_MAX_BYTES } from '../limits.js';
import { amqpTypes as types } from './rhea.js';

/** Descriptor codes of the message sections (AMQP 1.0 part 3, section 3.2). */
const SECTION = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  footer: 0x78,
} as const;

/** Field positions in the header and properties sections (AMQP 1.0 part 3, sections 3.2.1 and 3.2.4). */
const HEADER_TTL = 2;
const PROPERTIES_MESSAGE_ID = 0;
const PROPERTIES_GROUP_ID = 10;
const PROPERTIES_POSITION: Record<SystemField, number> = {
  messageId: PROPERTIES_MESSAGE_ID,
  to: 2,
  subject: 3,
  replyTo: 4,
  correlationId: 5,
  contentType: 6,
  sessionId: PROPERTIES_GROUP_ID,
  replyToSessionId: 12,
};

const SCHEDULED_ENQUEUE_TIME = 'x-opt-scheduled-enqueue-time';

/** Annotations that only the broker may set; a resent message still carries those of its first delivery. */
const BROKER_ANNOTATIONS = new Set([
  'x-opt-sequence-number',
  'x-opt-enqueued-time',
  'x-opt-enqueue-sequence-number',
  'x-opt-locked-until',
  'x-opt-message-state',
  'x-opt-deadletter-source',
]);

/** Values of `x-opt-message-state`; an active message has none. */
const STATE = { deferred: 1, scheduled: 2 } as const;

interface Section {
  code: number;
  value: Typed;
  start: number;
  end: number;
}

/** Reads one message. @throws BrokerError when the bytes are not an AMQP message, or one beyond the tier's limits. */
export function readMessage(bytes: Buffer): MessageDraft {
  const sections = readSections(bytes);
  const find = (code: number) => sections.find((section) => section.code === code);
  const ttl = find(SECTION.header)?.value.value[HEADER_TTL]?.value;
  const annotations: Typed[] = find(SECTION.messageAnnotations)?.value.value ?? [];
  const bare = sections.filter((section) => section.code >= SECTION.properties);
  const sessionId = find(SECTION.properties)?.value.value[PROPERTIES_GROUP_ID]?.value;
  const identified = withMessageId(bytes, bare);
  refuseLargeHead(bare, [identified.messageId, String(sessionId ?? '')]);
  return {
    ...identified,
    sessionId: typeof sessionId === 'string' ? sessionId : undefined,
    annotations: encodeOwnAnnotations(annotations),
    ttlMs: typeof ttl === 'number' ? ttl : undefined,
    scheduledForMs: readScheduledTime(annotations),
  };
}

/** Reads a batch (message format 0x80013700): each data section is one encoded message. */
export function readBatch(bytes: Buffer): MessageDraft[] {
  return readSections(bytes)
    .filter((section) => section.code === SECTION.data)
    .map((section) => readMessage(section.value.value));
}

export function readFields(draft: MessageDraft): MessageFields {
  const decoded = rheaMessage.decode(draft.bare);
  return {
    contentType: decoded['content_type'],
    correlationId: decoded['correlation_id'],
    messageId: decoded['message_id'],
    replyTo: decoded['reply_to'],
    replyToSessionId: decoded['reply_to_group_id'],
    sessionId: decoded['group_id'],
    subject: decoded['subject'],
    to: decoded['to'],
    applicationProperties: decoded['application_properties'] ?? {},
  };
}

/** The message with changed properties, as a rule's action wants it. */
export function rewrite(draft: MessageDraft, { system, application }: MessageChanges): MessageDraft {
  const bare = withProperties(withSystemProperties(draft.bare, system), application);
  return { ...draft, bare, sessionId: 'sessionId' in system ? system.sessionId : draft.sessionId };
}

/** What the delivery says beyond the message itself. */
export interface DeliveryInfo {
  /** World time, epoch milliseconds. */
  lockedUntilMs?: number;
  scheduled?: boolean;
}

/** The message as a receiver gets it. */
export function writeMessage(message: StoredMessage, { lockedUntilMs, scheduled }: DeliveryInfo = {}): Buffer {
  const annotations: Typed[] = message.draft.annotations
    ? new types.Reader(message.draft.annotations).read().value
    : [];
  const annotate = (name: string, value: Typed) => annotations.push(types.wrap_symbol(name), value);
  annotate('x-opt-sequence-number', types.wrap_long(message.sequence));
  annotate('x-opt-enqueue-sequence-number', types.wrap_long(message.sequence));
  annotate('x-opt-enqueued-time', types.wrap_timestamp(message.enqueuedAtMs));
  if (lockedUntilMs !== undefined) annotate('x-opt-locked-until', types.wrap_timestamp(lockedUntilMs));
  if (message.deadLetterSource) annotate('x-opt-deadletter-source', types.wrap_string(message.deadLetterSource));
  const state = scheduled ? STATE.scheduled : message.deferred && STATE.deferred;
  if (state) annotate('x-opt-message-state', types.wrap_int(state));
  const header = [
    nothing(),
    nothing(),
    message.ttlMs === undefined ? nothing() : types.wrap_uint(message.ttlMs),
    nothing(),
    types.wrap_uint(message.deliveryCount),
  ];
  return Buffer.concat([
    encode(describe(SECTION.header, types.wrap_list(header))),
    encode(describe(SECTION.messageAnnotations, types.Map32(annotations))),
    message.added ? withProperties(message.draft.bare, message.added) : message.draft.bare,
  ]);
}

function readSections(bytes: Buffer): Section[] {
  const reader = new types.Reader(bytes);
  const sections: Section[] = [];
  try {
    while (reader.remaining() > 0) {
      const start = reader.position;
      const value = reader.read();
      sections.push({ code: Number(value.descriptor?.value), value, start, end: reader.position });
    }
  } catch (error) {
    throw new BrokerError('amqp:decode-error', `The message is not valid AMQP: ${(error as Error).message}`);
  }
  const unknown = sections.find(({ code }) => !(code >= SECTION.header && code <= SECTION.footer));
  if (unknown) throw new BrokerError('amqp:decode-error', `Unknown message section at byte ${unknown.start}.`);
  return sections;
}

/**
 * Without a message id the client SDK cannot stop its lock renewal, so the broker gives one to each message that has
 * none.
 */
function withMessageId(bytes: Buffer, bare: Section[]): Pick<MessageDraft, 'bare' | 'messageId'> {
  const [first] = bare;
  const rest = first ? bytes.subarray(first.start) : Buffer.alloc(0);
  const properties = first?.code === SECTION.properties ? first : undefined;
  const fields: Typed[] = properties ? [...properties.value.value] : [];
  const given = fields[PROPERTIES_MESSAGE_ID]?.value;
  if (given !== undefined && given !== null) return { bare: Buffer.from(rest), messageId: idText(given) };
  const messageId = randomBytes(16).toString('hex');
  fields[PROPERTIES_MESSAGE_ID] = types.wrap_string(messageId);
  const section = encode(describe(SECTION.properties, types.wrap_list(fields)));
  const after = properties ? bytes.subarray(properties.end) : rest;
  return { bare: Buffer.concat([section, after]), messageId };
}

function refuseLargeHead(bare: Section[], ids: string[]): void {
  const head = bare.filter(({ code }) => code === SECTION.properties || code === SECTION.applicationProperties);
  const bytes = head.reduce((sum, { start, end }) => sum + end - start, 0);
  if (bytes > MESSAGE_HEAD_MAX_BYTES) {
    const message = `The properties of the message have ${bytes} bytes, ${MESSAGE_HEAD_MAX_BYTES} are allowed.`;
    throw new BrokerError('com.microsoft:argument-error', message);
  }
  const long = ids.find((id) => id.length > ID_MAX_CHARACTERS);
  if (long === undefined) return;
  const message = `The message id or session id '${long}' is longer than ${ID_MAX_CHARACTERS} characters.`;
  throw new BrokerError('com.microsoft:argument-error', message);
}

function idText(id: unknown): string {
  return Buffer.isBuffer(id) ? id.toString('hex') : String(id);
}

function readScheduledTime(annotations: Typed[]): number | undefined {
  const index = annotations.findIndex(
    (entry, position) => position % 2 === 0 && entry.value === SCHEDULED_ENQUEUE_TIME,
  );
  const time = index < 0 ? undefined : annotations[index + 1]?.value;
  return time === undefined || time === null ? undefined : Number(time);
}

function encodeOwnAnnotations(annotations: Typed[]): Buffer | undefined {
  const own: Typed[] = [];
  for (let index = 0; index + 1 < annotations.length; index += 2) {
    const [name, value] = annotations.slice(index, index + 2) as [Typed, Typed];
    if (!BROKER_ANNOTATIONS.has(String(name.value))) own.push(name, value);
  }
  // A copy, because rhea's writer gives out a piece of a larger buffer.
  return own.length > 0 ? Buffer.from(encode(types.Map32(own))) : undefined;
}

/** The bare message with other system properties. */
function withSystemProperties(bare: Buffer, changes: MessageChanges['system']): Buffer {
  const existing = readSections(bare).find((section) => section.code === SECTION.properties);
  const fields: Typed[] = existing ? [...existing.value.value] : [];
  for (const [name, value] of Object.entries(changes) as [SystemField, string | undefined][]) {
    const position = PROPERTIES_POSITION[name];
    while (fields.length <= position) fields.push(nothing());
    if (value === undefined) fields[position] = nothing();
    else fields[position] = name === 'contentType' ? types.wrap_symbol(value) : types.wrap_string(value);
  }
  const section = encode(describe(SECTION.properties, types.wrap_list(fields)));
  return Buffer.concat([section, bare.subarray(existing?.end ?? 0)]);
}

/**
 * The bare message with other application properties, undefined ones taken out; what the sender set keeps its types,
 * and gives way to an equal name.
 */
function withProperties(bare: Buffer, changes: Record<string, unknown>): Buffer {
  const sections = readSections(bare);
  const existing = sections.find((section) => section.code === SECTION.applicationProperties);
  const entries: Typed[] = [];
  const kept: Typed[] = existing?.value.value ?? [];
  for (let index = 0; index + 1 < kept.length; index += 2) {
    if (!(String(kept[index]!.value) in changes)) entries.push(kept[index]!, kept[index + 1]!);
  }
  for (const [name, value] of Object.entries(changes)) {
    if (value !== undefined) entries.push(types.wrap_string(name), types.wrap(value));
  }
  const properties = sections.find((section) => section.code === SECTION.properties);
  const insertAt = existing?.start ?? properties?.end ?? 0;
  return Buffer.concat([
    bare.subarray(0, insertAt),
    encode(describe(SECTION.applicationProperties, types.Map32(entries))),
    bare.subarray(existing?.end ?? insertAt),
  ]);
}

function nothing(): Typed {
  return types.wrap(null);
}

function describe(code: number, value: Typed): Typed {
  return types.described_nc(types.wrap_ulong(code), value);
}

function encode(value: Typed): Buffer {
  const writer = new types.Writer();
  writer.write(value);
  return writer.toBuffer();
}
