/**
 * Whatever an SDK throws, as the one error that leaves an adapter: what the service answered, and nothing of the request, since a request body
 * may hold a key. What no service is to blame for (a fault of ours) stays what it is.
 */
import { type ServiceAnswer, ServiceError, type ServiceName } from '../model/service-error.js';
import { parseObject } from './readable.js';
import { type Header, retryAfterSeconds } from './retry-after.js';

/** Runs one call of an SDK; what it throws becomes a `ServiceError`, or is thrown on as a fault of ours. */
export async function azureCall<Result>(
  service: ServiceName,
  action: string,
  call: () => Promise<Result>,
): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw toServiceError(service, action, error);
  }
}

export function toServiceError(service: ServiceName, action: string, error: unknown): unknown {
  if (error instanceof ServiceError) return error;
  const answer = answerOf(error);
  if (answer) return new ServiceError({ service, action, ...answer });
  // The Cosmos SDK wraps the answer to a batch.
  const inner = isError(error) && error.cause ? toServiceError(service, action, error.cause) : undefined;
  return inner instanceof ServiceError ? inner : error;
}

type Answer = Omit<ServiceAnswer, 'service' | 'action'>;

/** No answer within the deadline. */
export const noAnswer = (seconds: number): Answer => ({ code: 'NoAnswer', detail: `no answer within ${seconds} s` });

/** An answer that cannot be read says as little as none. */
export const unreadable = (what: string): Answer => ({
  code: 'UnreadableAnswer',
  detail: `the answer ${what} cannot be read`,
});

/** What the SDKs throw: RestError (ARM, Key Vault), ErrorResponse (Cosmos), ApiException (Kubernetes), ServiceBusError, Node's own errors. */
interface SdkError {
  name: string;
  message: string;
  code?: string | number;
  statusCode?: number;
  /** `UnreadableAnswer` of our own policy. */
  httpStatus?: number;
  /** RestError: the parsed body, as the SDK names its parts. */
  details?: RefusalBody;
  response?: { headers?: { get?: Header }; bodyAsText?: string | null };
  /** ApiException, ErrorResponse. */
  headers?: Record<string, string>;
  body?: unknown;
  retryAfterInMs?: number;
  activityId?: string;
  cause?: { code?: unknown; message?: string };
}

/** Not by its class: the platform's own errors may come from another realm than the code's. */
const isError = (error: unknown): error is SdkError =>
  typeof error === 'object' && error !== null && 'name' in error && 'message' in error;

function answerOf(thrown: unknown): Answer | undefined {
  if (!isError(thrown)) return undefined;
  if (TOKEN_ERRORS.has(thrown.name)) return tokenAnswer(thrown);
  if (thrown.name === 'AbortError' || thrown.name === 'TimeoutError')
    return { code: 'NoAnswer', detail: 'the call was given up' };
  if (thrown.httpStatus !== undefined) return unreadable(`(HTTP ${thrown.httpStatus})`);
  if (thrown.name === 'SyntaxError') return unreadable('of the service');
  const status = thrown.statusCode ?? (typeof thrown.code === 'number' ? thrown.code : undefined);
  if (status !== undefined) return httpAnswer(thrown, status);
  return networkAnswer(thrown);
}

/** Of `@azure/identity`, whose credentials are asked for a token before anything is sent. */
const TOKEN_ERRORS = new Set([
  'CredentialUnavailableError',
  'AuthenticationError',
  'AuthenticationRequiredError',
  'AggregateAuthenticationError',
]);

function tokenAnswer({ statusCode, message }: SdkError): Answer {
  return { code: 'TokenUnavailable', status: statusCode, detail: bounded(message) };
}

function httpAnswer(thrown: SdkError, status: number): Answer {
  // The message of a parse error holds the whole answer, which may be a key.
  if (status < 400) return unreadable(`(HTTP ${status})`);
  const { headers = {}, response, retryAfterInMs, activityId } = thrown;
  const header: Header = (name) => response?.headers?.get?.(name) ?? headers[name];
  const refusal = refusalOf(thrown);
  return {
    code: codeOf(thrown, refusal, status),
    status,
    detail: bounded(textOf(thrown, refusal, status)),
    retryAfterSeconds: retryAfterInMs ? Math.ceil(retryAfterInMs / 1000) : retryAfterSeconds(header),
    requestId: REQUEST_IDS.map(header).find(Boolean) ?? activityId,
  };
}

/** How the services word a refusal: Azure's error object, Kubernetes' `Status`, Cosmos DB's body. */
interface Refusal {
  code?: unknown;
  reason?: unknown;
  message?: unknown;
  /** A `Status` has one object here, Azure a list, or null. */
  details?: unknown;
  innererror?: { code?: string };
  innerError?: { code?: string };
}
type RefusalBody = Refusal & { error?: Refusal };

function refusalOf({ body, details, response }: SdkError): Refusal {
  const parsed = typeof body === 'string' ? parseObject(body) : body;
  const found = (parsed ?? parseObject(response?.bodyAsText ?? '') ?? details ?? {}) as RefusalBody;
  return found.error ?? found;
}

/** By what the service's people find the call again; a Kubernetes API server's is its audit id. */
const REQUEST_IDS = ['x-ms-request-id', 'x-ms-correlation-request-id', 'apim-request-id', 'audit-id'];

/** At Key Vault, `Forbidden` and `Conflict` say nothing yet: the code within does. */
const OUTER_CODES = ['Forbidden', 'Conflict'];
/** What a RestError says when the body of a refusal is a page of something on the way. */
const PARSE_ERROR = 'PARSE_ERROR';

function codeOf({ code }: SdkError, refusal: Refusal, status: number): string {
  const found = textual(refusal.reason) ?? textual(refusal.code) ?? textual(code);
  if (found === undefined || found === PARSE_ERROR) return `Http${status}`;
  const inner = refusal.innererror?.code ?? refusal.innerError?.code;
  return (OUTER_CODES.includes(found) && inner) || found;
}

/** API Management tells what is wrong in the details only. */
function textOf({ body, message }: SdkError, refusal: Refusal, status: number): string {
  // What Kubernetes' exception says by itself repeats body and headers; the body alone says it.
  const whole = textual(refusal.message) ?? textual(body);
  const parts: unknown[] = Array.isArray(refusal.details) ? refusal.details : [];
  const further = parts.map((part) => (part as Refusal | null)?.message).filter((text) => typeof text === 'string');
  const first = whole ?? (message.startsWith('HTTP-Code:') ? `HTTP ${status}` : message);
  return [first, ...further.filter((text) => !first.includes(text))].join(' ');
}

/** `fetch` hides what happened in the cause; Node's own errors and the SDK of Service Bus say it by code. */
function networkAnswer({ cause, code, message, name }: SdkError): Answer | undefined {
  if (cause && FETCH_MESSAGES.has(message))
    return { code: textual(cause.code) ?? 'NoAnswer', detail: bounded(`${message}: ${cause.message}`) };
  const found = textual(code);
  if (!found || !(NETWORK_CODE.test(found) || NETWORK_ERRORS.has(name))) return undefined;
  return { code: found, detail: bounded(message) };
}

const textual = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Before the answer, and in the middle of its body. */
const FETCH_MESSAGES = new Set(['fetch failed', 'terminated']);
/** Errors of the system (`ECONNRESET`) and of TLS (`SELF_SIGNED_CERT_IN_CHAIN`). */
const NETWORK_CODE = /^(E(?!RR_)[A-Z_]{2,}|\w*(CERT|SIGNATURE|TLS|SSL)\w*)$/;
const NETWORK_ERRORS = new Set(['RestError', 'ServiceBusError', 'MessagingError']);

/** Longest message of a service that is kept: a webhook's refusal with all its lines. */
const DETAIL_LENGTH_MAX = 2000;
const bounded = (text: string): string => text.trim().slice(0, DETAIL_LENGTH_MAX);
