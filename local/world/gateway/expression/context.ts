/** What an expression can see of a call: the `context` object, declared once as a table of its members. */
import type { TypeName, Value } from './values.js';

/** The `context` of one call. Header names are lower case. */
export interface ExpressionContext {
  api?: { id: string; path: string };
  operation?: { id: string; method: string; urlTemplate: string };
  product?: { id: string };
  subscription?: { id: string };
  request: {
    method: string;
    path: string;
    headers: Record<string, string>;
    clientIp: string;
    /** Absent when there is none, or when an expression consumed it. */
    body?: Buffer;
  };
  response?: { status: number; headers: Record<string, string> };
  variables: Map<string, Value>;
  lastError?: LastError;
  requestId: string;
  timestampMs: number;
}

/** Why the pipeline stopped. */
export interface LastError {
  /** The policy element, or the built-in step: `configuration`, `authorization`. */
  source: string;
  reason: string;
  message: string;
  /** global, product or api; absent for a built-in step. */
  scope?: string;
  section?: string;
}

export interface Member {
  type: TypeName;
  get(target: unknown): Value;
}

/**
 * The compiler only ever applies a member to a value of the type it is listed under, so the parameter's type may be
 * narrowed.
 */
const member = <Target>(type: TypeName, get: (target: Target) => Value): Member => ({
  type,
  get: (target) => get(target as Target) ?? null,
});

type RequestView = ExpressionContext['request'];
type ResponseView = NonNullable<ExpressionContext['response']>;
type OperationView = NonNullable<ExpressionContext['operation']>;
type ApiView = NonNullable<ExpressionContext['api']>;

/** Every property that the grammar knows, by the type that has it; source: Microsoft's page on policy expressions. */
export const MEMBERS: Partial<Record<TypeName, Record<string, Member>>> = {
  Context: {
    Api: member('Api', (context: ExpressionContext) => context.api),
    Operation: member('Operation', (context: ExpressionContext) => context.operation),
    Product: member('Product', (context: ExpressionContext) => context.product),
    Subscription: member('Subscription', (context: ExpressionContext) => context.subscription),
    Request: member('Request', (context: ExpressionContext) => context.request),
    Response: member('Response', (context: ExpressionContext) => context.response),
    Variables: member('Variables', (context: ExpressionContext) => context.variables),
    LastError: member('LastError', (context: ExpressionContext) => context.lastError),
    RequestId: member('Guid', (context: ExpressionContext) => context.requestId),
    Timestamp: member('DateTime', (context: ExpressionContext) => new Date(context.timestampMs)),
  },
  Api: {
    Id: member('string', (api: ApiView) => api.id),
    Name: member('string', (api: ApiView) => api.id),
    Path: member('string', (api: ApiView) => api.path),
  },
  Operation: {
    Id: member('string', (operation: OperationView) => operation.id),
    Method: member('string', (operation: OperationView) => operation.method),
    UrlTemplate: member('string', (operation: OperationView) => operation.urlTemplate),
  },
  Product: { Id: member('string', (product: { id: string }) => product.id) },
  Subscription: { Id: member('string', (subscription: { id: string }) => subscription.id) },
  Request: {
    Method: member('string', (request: RequestView) => request.method),
    Url: member('Url', (request: RequestView) => request),
    Headers: member('Headers', (request: RequestView) => request.headers),
    Body: member('Body', (request: RequestView) => (request.body?.length ? request : null)),
    IpAddress: member('string', (request: RequestView) => request.clientIp),
  },
  Url: { Path: member('string', (request: RequestView) => request.path) },
  Response: {
    StatusCode: member('int', (response: ResponseView) => response.status),
    Headers: member('Headers', (response: ResponseView) => response.headers),
  },
  LastError: {
    Source: member('string', (error: LastError) => error.source),
    Reason: member('string', (error: LastError) => error.reason),
    Message: member('string', (error: LastError) => error.message),
    Scope: member('string', (error: LastError) => error.scope),
    Section: member('string', (error: LastError) => error.section),
  },
};

/**
 * The body as text. Without `preserveContent` the body is gone afterwards, for later expressions and for the backend.
 */
export function readBody(request: RequestView, preserveContent: boolean): string {
  const text = request.body?.toString('utf8') ?? '';
  if (!preserveContent) request.body = undefined;
  return text;
}
