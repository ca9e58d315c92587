/** HTTP triggers: finds the function for a request, hands the request over in the worker protocol's form and turns its answer into a reply. */
import { randomUUID } from 'node:crypto';
import type { HttpSettings } from '../app-files.js';
import { type AppFunction, textOption } from '../app-functions.js';
import type { Invocation, Invoker } from '../invoker.js';
import { type HttpCookie, nullable, type TypedData } from '../typed-data.js';
import { Gate } from './gate.js';
import { type HostExchange, type HostReply, type HostRequest, textReply } from './reply.js';
import { type Match, matchRoute, parseRoute, type Route, sortRoutes } from './routes.js';
import { forward } from './streaming.js';

/** Methods of a function that names none. */
const DEFAULT_METHODS = ['GET', 'POST'];

export interface HttpTriggerOptions {
  routePrefix: string;
  settings: HttpSettings;
  invoker: Invoker;
  /** Address of the library's server if the app streams. */
  streamingUri: string | undefined;
}

export class HttpTriggers {
  readonly #routes: Route<AppFunction>[];
  readonly #gate: Gate;

  /** Throws for a route that this host can't serve. */
  constructor(
    functions: AppFunction[],
    private readonly options: HttpTriggerOptions,
  ) {
    const http = functions.filter((fn) => fn.trigger.type === 'httpTrigger' && !fn.disabled);
    this.#routes = sortRoutes(http.map((fn) => parseRoute(this.routeOf(fn), methodsOf(fn), fn)));
    this.#gate = new Gate(options.settings.maxConcurrentRequests, options.settings.maxOutstandingRequests);
  }

  /** Path template of a function, with the prefix. */
  routeOf(fn: AppFunction): string {
    return [this.options.routePrefix, textOption(fn.trigger, 'route') ?? fn.name].filter(Boolean).join('/');
  }

  /**
   * 404 if no function serves the path with this method, 429 if too many requests are open, 500 if the function throws. Undefined: the reply
   * was streamed.
   */
  async answer(exchange: HostExchange): Promise<HostReply | undefined> {
    const { method, url } = exchange.head;
    let match: Match<AppFunction> | undefined;
    try {
      match = matchRoute(this.#routes, method, url.pathname);
    } catch {
      return textReply(400, 'The path holds a malformed escape sequence.');
    }
    if (!match) return { status: 404 };
    const leave = await this.#gate.enter();
    if (!leave) return textReply(429, 'Too many requests are open (maxOutstandingRequests of host.json).');
    try {
      const found = match;
      const { streamingUri, settings } = this.options;
      for (const [name, value] of Object.entries(settings.customHeaders)) exchange.outgoing.setHeader(name, value);
      if (streamingUri) return await this.#stream(exchange, found, streamingUri);
      return await this.#run(await exchange.read(), found);
    } finally {
      leave();
    }
  }

  async #run(request: HostRequest, { target, params }: Match<AppFunction>): Promise<HostReply> {
    const data = requestData(request, params);
    try {
      return toReply(await this.options.invoker.invoke(target, { data, ...traceContext(request) }));
    } catch {
      return { status: 500 }; // The invoker has logged why; Azure tells callers nothing either.
    }
  }

  async #stream(exchange: HostExchange, match: Match<AppFunction>, uri: string): Promise<HostReply | undefined> {
    const { head, outgoing } = exchange;
    const invocationId = randomUUID();
    const forwarded = forward(uri, invocationId, exchange);
    const params = Object.entries(match.params).map(([name, value]) => [name, { string: value }] as const);
    let status = 204; // Of a function that returns nothing, which the library never answers.
    try {
      await this.options.invoker.invoke(match.target, {
        data: {},
        triggerMetadata: { ...Object.fromEntries(params), Headers: { json: JSON.stringify(head.headers) } },
        invocationId,
        onReturned: (value) => {
          if (value === undefined || value === null) forwarded.abandon();
        },
        ...traceContext(head),
      });
    } catch {
      status = 500;
      forwarded.abandon();
    }
    await forwarded.done;
    return outgoing.headersSent || outgoing.destroyed ? undefined : { status };
  }
}

export function methodsOf(fn: AppFunction): string[] {
  const methods = fn.trigger['methods'] as string[] | undefined;
  return methods && methods.length > 0 ? methods : DEFAULT_METHODS;
}

function traceContext({ headers }: HostExchange['head']): Pick<Invocation, 'traceContext'> {
  const { traceparent: traceParent, tracestate: traceState } = headers;
  return traceParent ? { traceContext: { traceParent, traceState } } : {};
}

function requestData({ method, url, headers, body }: HostRequest, params: Record<string, string>): TypedData {
  return {
    http: {
      method,
      url: url.href,
      nullableHeaders: nullable(headers),
      nullableParams: nullable(params),
      ...(body.length > 0 && { body: { bytes: body } }),
    },
  };
}

/** A function that returns nothing answers 204. */
function toReply(data: TypedData | undefined): HostReply {
  const http = data?.http;
  if (!http) return { status: 204 };
  const headers: Record<string, string | string[]> = { ...http.headers };
  if (http.cookies && http.cookies.length > 0) headers['set-cookie'] = http.cookies.map(formatCookie);
  const body = http.body?.bytes ? Buffer.from(http.body.bytes) : http.body?.string;
  return { status: Number(http.statusCode ?? 200), headers, body };
}

const SAME_SITE = { none: undefined, lax: 'Lax', strict: 'Strict', explicitNone: 'None' };

function formatCookie(cookie: HttpCookie): string {
  const sameSite = SAME_SITE[cookie.sameSite ?? 'none'];
  const parts = [
    `${encodeURIComponent(cookie.name)}=${encodeURIComponent(cookie.value)}`,
    cookie.domain && `Domain=${cookie.domain.value}`,
    cookie.path && `Path=${cookie.path.value}`,
    cookie.expires && `Expires=${new Date(cookie.expires.value.seconds * 1000).toUTCString()}`,
    cookie.maxAge && `Max-Age=${cookie.maxAge.value}`,
    cookie.secure?.value && 'Secure',
    cookie.httpOnly?.value && 'HttpOnly',
    sameSite && `SameSite=${sameSite}`,
  ];
  return parts.filter(Boolean).join('; ');
}
