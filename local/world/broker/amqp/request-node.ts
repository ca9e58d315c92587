/** `$cbs` and `$management` are request-response nodes: a request arrives on one link, its answer leaves on another. */
import { types } from 'rhea';
import { toAmqpError } from '../errors.js';
import type { GroupCommit } from '../group-commit.js';
import type { RheaDelivery, RheaSender } from './rhea.js';

/** A decoded request message, as far as it is used. */
export interface Request {
  message_id?: unknown;
  reply_to?: string;
  application_properties?: Record<string, unknown>;
  body?: unknown;
}

export interface Answer {
  /** As in HTTP. */
  status: number;
  body?: unknown;
}

/** Status codes of the conditions that requests can end with; the client reads the condition first. */
const STATUS_OF_CONDITION: Record<string, number> = {
  'amqp:not-found': 404,
  'com.microsoft:message-not-found': 404,
  'com.microsoft:message-lock-lost': 410,
  'com.microsoft:session-lock-lost': 410,
  'com.microsoft:session-cannot-be-locked': 410,
  'com.microsoft:entity-already-exists': 409,
  'amqp:not-allowed': 400,
  'amqp:resource-limit-exceeded': 403,
  'com.microsoft:argument-error': 400,
  'amqp:decode-error': 400,
  'amqp:link:message-size-exceeded': 403,
  'amqp:not-implemented': 501,
};

/** Answers a request once its effects are on disk. */
export function answerRequest(
  request: Request,
  delivery: RheaDelivery,
  replyLinks: RheaSender[],
  commit: GroupCommit,
  handle: (request: Request) => Answer,
): void {
  const properties = new Map<string, unknown>();
  let answer: Answer;
  try {
    answer = handle(request);
    describeStatus(properties, answer.status, 'OK');
  } catch (error) {
    const { condition, description } = toAmqpError(error);
    answer = { status: STATUS_OF_CONDITION[condition] ?? 500 };
    describeStatus(properties, answer.status, description);
    // The SDK reads one spelling or the other, depending on the operation.
    properties.set('errorCondition', condition).set('error-condition', condition);
  }
  commit.afterwards(() => {
    delivery.accept();
    const replyLink = replyLinks.find(
      (link) => link.target?.address === request.reply_to || link.name === request.reply_to,
    );
    replyLink?.send({
      correlation_id: request.message_id,
      application_properties: Object.fromEntries(properties),
      body: answer.body ?? null,
    } as unknown as Parameters<RheaSender['send']>[0]);
  });
}

function describeStatus(properties: Map<string, unknown>, status: number, description: string): void {
  properties.set('status-code', types.wrap_int(status)).set('statusCode', types.wrap_int(status));
  properties.set('status-description', description).set('statusDescription', description);
}
