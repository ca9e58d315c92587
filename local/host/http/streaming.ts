/**
 * HTTP streaming (`app.setup({ enableHttpStream: true })`): the library runs an HTTP server of its own. A request is piped there, marked with its
 * invocation; the function runs meanwhile, and its response is piped back. Protocol: `httpProxy.ts` of `@azure/functions`.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { ProgrammingModel } from '../registry.js';
import type { HostExchange } from './reply.js';

/** Where Node tells of servers that begin to listen. */
const LISTEN_CHANNEL = 'tracing:net.server.listen:asyncStart';

export interface StreamingServer {
  /** Address of the library's server; undefined if the app does not stream. */
  uri: string | undefined;
  close(): void;
}

/** Has the library start its server, if the app streams. The library keeps the server to itself, and it would outlive the host. */
export async function startStreaming(model: ProgrammingModel | undefined): Promise<StreamingServer> {
  const servers: Server[] = [];
  const note = (message: unknown) => servers.push((message as { server: Server }).server);
  subscribe(LISTEN_CHANNEL, note);
  try {
    const capabilities = await model?.getCapabilities?.({});
    const close = () => {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    };
    return { uri: capabilities?.['HttpUri'], close };
  } finally {
    unsubscribe(LISTEN_CHANNEL, note);
  }
}

export interface Forwarded {
  /** Resolves when the response has been passed on, or when there will be none. */
  done: Promise<void>;
  /** Ends it without a response. */
  abandon(): void;
}

/** Pipes a request to the library's server and the response back. What is left unanswered is the caller's to answer. */
export function forward(uri: string, invocationId: string, { head, incoming, outgoing }: HostExchange): Forwarded {
  const { host, connection, ...headers } = incoming.headers;
  const upstream = httpRequest(new URL(head.url.pathname + head.url.search, uri), {
    method: head.method,
    headers: {
      ...headers,
      'x-ms-invocation-id': invocationId,
      'x-forwarded-host': host ?? head.url.host,
      'x-forwarded-proto': 'http',
    },
  });
  outgoing.once('close', () => upstream.destroy()); // A caller that has gone ends the function's request too.
  const response = new Promise<IncomingMessage | undefined>((resolve) => {
    upstream.once('response', resolve);
    upstream.once('error', () => resolve(undefined));
    upstream.once('close', () => resolve(undefined));
  });
  incoming.pipe(upstream);
  const done = response.then(async (received) => {
    if (!received) return;
    const { 'x-ms-invocation-id': _, ...replyHeaders } = received.headers;
    outgoing.writeHead(received.statusCode!, replyHeaders);
    outgoing.flushHeaders(); // Callers may wait for the beginning of a slow stream.
    await pipeline(received, outgoing).catch(() => {}); // Both ends are destroyed then: the caller sees a broken stream.
  });
  return { done, abandon: () => upstream.destroy() };
}
