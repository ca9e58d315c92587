/**
 * Queue `access-requests`: a ticketing system asks for a team. What cannot be taken is kept in the rejected inbox and answered with an event;
 * the message is completed either way. While the store does not answer, a copy comes later; what throws is delivered again, in the end from the
 * dead letters.
 */
import { app, type InvocationContext, trigger } from '@azure/functions';
import { publishAfter } from '../../shared/application/announce.js';
import { classify } from '../../shared/application/steps/classify.js';
import { takeRequest } from '../../shared/application/take-request.js';
import {
  ACCESS_REQUESTED_TYPE,
  RequestEventSchema,
  TICKET_PROPERTY,
  TicketSchema,
} from '../../shared/contracts/messages.js';
import { formatOf, guessFormat, readDocument } from '../../shared/model/document.js';
import { fieldErrors } from '../../shared/model/field-errors.js';
import type { Origin } from '../../shared/model/operation.js';
import { type Problem, problem } from '../../shared/model/problem.js';
import { rejectInput } from '../rejection.js';
import { BUS_CONNECTION, QUEUES, services } from '../wiring.js';
import { laterCopy, type Metadata, originalId } from './postpone.js';

// As bytes: the properties of a body that the host has read as JSON would take the place of the broker's metadata, so that a body could name
// another ticket (`Utility.ApplyBindingData` of the Functions host). The binding of its own name does not offer it (azure-functions-nodejs-library#72).
app.generic('receive-access-request', {
  trigger: trigger.generic({
    type: 'serviceBusTrigger',
    connection: BUS_CONNECTION,
    queueName: QUEUES.requests,
    dataType: 'binary',
  }),
  handler: (message: unknown, context: InvocationContext) => receiveAccessRequest(message as Uint8Array, context),
});

async function receiveAccessRequest(message: Uint8Array, context: InvocationContext): Promise<void> {
  const metadata: Metadata = context.triggerMetadata ?? {};
  try {
    await takeMessage(message, metadata);
  } catch (error) {
    const { clock, publisher } = services();
    const copy = classify(error).kind === 'busy' ? laterCopy(message, metadata, clock.now()) : undefined;
    if (!copy) throw error;
    context.warn(`A request is taken later, at ${copy.scheduledEnqueueTimeUtc?.toISOString()}: ${String(error)}`);
    await publisher.sendRequest(copy);
  }
}

/** Takes what it can and rejects what it cannot; throws where that cannot be told now. Also for what has come to the dead letters. */
export async function takeMessage(message: Uint8Array, metadata: Metadata): Promise<void> {
  const envelope = readEnvelope(message, metadata);
  const refusal = envelope.problem ?? (await tryToTake(envelope));
  if (!refusal) return;
  const deliveryCount = Number(metadata.deliveryCount ?? 1);
  const { origin } = envelope;
  await rejectInput({ queue: QUEUES.requests, message, origin, problem: refusal, deliveryCount }, services());
}

interface Envelope {
  origin: Origin & { sourceId: string };
  document?: unknown;
  problem?: Problem;
}

async function tryToTake({ document, origin }: Envelope): Promise<Problem | undefined> {
  const intake = await takeRequest(document, origin, services());
  if (intake.kind === 'refused') return intake.problem;
  // What begins is announced by the worker that runs it; who joins hears of it now.
  if (intake.kind !== 'accepted') await publishAfter(services(), intake.operation.team);
  return undefined;
}

/** Opens a structured CloudEvent, or takes the bare document, in JSON or YAML. */
function readEnvelope(message: Uint8Array, metadata: Metadata): Envelope {
  const properties = metadata.applicationProperties ?? {};
  const ticket = TicketSchema.safeParse(properties[TICKET_PROPERTY] ?? metadata.correlationId);
  const traceparent = properties['traceparent'];
  const origin = {
    door: 'bus' as const,
    requestedBy: 'ticketing',
    source: `queue:${QUEUES.requests}`,
    sourceId: originalId(metadata),
    ...(ticket.success && { ticket: ticket.data }),
    ...(typeof traceparent === 'string' && TRACEPARENT.test(traceparent) && { traceparent }),
  };
  const format =
    formatOf(String(metadata.contentType ?? '')) ??
    guessFormat(Buffer.from(message.subarray(0, OPENING_BYTES)).toString('utf8'));
  const sent = readDocument(message, format);
  // The JavaScript SDK writes a body that is a text as JSON: the document is the text in it.
  const read = sent.ok && typeof sent.value === 'string' ? readDocument(sent.value, guessFormat(sent.value)) : sent;
  if (!read.ok) return { origin, problem: read.problem };
  if (!isCloudEvent(read.value)) return { origin, document: read.value };

  const event = RequestEventSchema.safeParse(read.value);
  if (!event.success)
    return {
      origin,
      problem: problem('invalid-request', `The CloudEvent is not a ${ACCESS_REQUESTED_TYPE}.`, {
        errors: fieldErrors(event.error.issues),
      }),
    };
  const { source, id, data } = event.data;
  const inner = typeof data === 'string' ? readDocument(data, guessFormat(data)) : { ok: true as const, value: data };
  // Its own words name the request, never the sender: whoever may send here is one sender, and his keys are his.
  const eventOrigin = { ...origin, sourceId: `${id} of ${source}` };
  return inner.ok ? { origin: eventOrigin, document: inner.value } : { origin: eventOrigin, problem: inner.problem };
}

/** What a document opens with stands within these. */
const OPENING_BYTES = 1024;

/** W3C Trace Context, version 00. */
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

const isCloudEvent = (value: unknown): boolean => typeof value === 'object' && value !== null && 'specversion' in value;
