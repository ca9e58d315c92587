/** HTTP triggers: finds the function for a request, hands the request over in the worker protocol's form and turns its answer into a reply. */
import type { AppFunction } from '../app-functions.js';
import { textOption } from '../app-functions.js';
import type { Invoker } from '../invoker.js';
import { type HttpCookie, nullable, type TypedData } from '../typed-data.js';
import { type HostReply, type HostRequest, textReply } from './reply.js';
import { matchRoute, parseRoute, type Route, sortRoutes } from './routes.js';

/** Methods of a function that names none. */
const DEFAULT_METHODS = ['GET', 'POST'];

export class HttpTriggers {
  readonly #routes: Route<AppFunction>[];

  /** Throws for a route that this host can't serve. */
  constructor(
    functions: AppFunction[],
    private readonly routePrefix: string,
    private readonly invoker: Invoker,
  ) {
    const http = functions.filter((fn) => fn.trigger.type === 'httpTrigger' && !fn.disabled);
    this.#routes = sortRoutes(http.map((fn) => parseRoute(this.routeOf(fn), methodsOf(fn), fn)));
  }

  /** Path template of a function, with the prefix. */
  routeOf(fn: AppFunction): string {
    return [this.routePrefix, textOption(fn.trigger, 'route') ?? fn.name].filter(Boolean).join('/');
  }

  /** 404 if no function serves the path with this method, 500 if the function throws. */
  async answer(request: HostRequest): Promise<HostReply> {
    let match: ReturnType<typeof matchRoute<AppFunction>>;
    try {
      match = matchRoute(this.#routes, request.method, request.url.pathname);
    } catch {
      return textReply(400, 'The path holds a malformed escape sequence.');
    }
    if (!match) return { status: 404 };
    const { target: fn, params } = match;
    try {
      const data = requestData(request, params);
      const { traceparent: traceParent, tracestate: traceState } = request.headers;
      return toReply(
        await this.invoker.invoke(fn, { data, ...(traceParent && { traceContext: { traceParent, traceState } }) }),
      );
    } catch {
      return { status: 500 }; // The invoker has logged why; Azure tells callers nothing either.
    }
  }
}

export function methodsOf(fn: AppFunction): string[] {
  const methods = fn.trigger['methods'] as string[] | undefined;
  return methods && methods.length > 0 ? methods : DEFAULT_METHODS;
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
