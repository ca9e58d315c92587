/** The host's HTTP listener: hands each request to one handler and writes its reply. Bound to this machine only. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeError, type Log } from '../log.js';
import type { HostExchange, HostReply, HostRequest } from './reply.js';

/** Largest request body, as on Azure (`FUNCTIONS_REQUEST_BODY_SIZE_LIMIT`, default 100 MB). */
const BODY_BYTES_MAX = 100 * 1024 * 1024;

/** Returns the reply; nothing if the handler has answered by itself. */
export type Handler = (exchange: HostExchange) => Promise<HostReply | undefined>;

export interface HttpListener {
  port: number;
  /** Sets what answers; until then every request gets 503. */
  handle(handler: Handler): void;
  /** Takes no more connections; open requests may finish. */
  stop(): void;
  /** Ends what is still open. */
  close(): Promise<void>;
}

export async function listen(port: number, log: Log): Promise<HttpListener> {
  let handler: Handler = async () => ({ status: 503, body: 'The host is starting.' });
  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing, (exchange) => handler(exchange), log);
  });
  await start(server, port);
  const closed = new Promise<void>((resolve) => server.once('close', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    handle: (next) => {
      handler = next;
    },
    stop: () => {
      server.close();
      server.closeIdleConnections();
    },
    close: () => {
      server.close();
      server.closeAllConnections();
      return closed;
    },
  };
}

function start(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(taken ? new Error(`Port ${port} is in use. Stop what listens there, or choose another port.`) : error);
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

/** A request that can't be handed on; the caller gets `reply`. */
class RefusedRequestError extends Error {
  constructor(readonly reply: HostReply) {
    super();
  }
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, handler: Handler, log: Log): Promise<void> {
  try {
    const head = readHead(incoming);
    const read = async () => ({ ...head, body: await readBody(incoming) });
    const reply = await handler({ head, incoming, outgoing, read });
    if (reply) write(outgoing, reply, incoming.method === 'HEAD');
  } catch (error) {
    if (error instanceof RefusedRequestError) return write(outgoing, error.reply, false);
    log('error', 'Host.Http', `${incoming.method} ${incoming.url} failed in the host: ${describeError(error)}`);
    if (!outgoing.headersSent) write(outgoing, { status: 500 }, true);
    else outgoing.destroy();
  }
}

function readHead(incoming: IncomingMessage): Omit<HostRequest, 'body'> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers))
    headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  const { host = 'localhost' } = headers;
  const address = `http://${host}${incoming.url}`;
  if (!HOST.test(host) || !URL.canParse(address))
    throw new RefusedRequestError({ status: 400, body: 'The request address is not valid.' });
  return { method: incoming.method ?? 'GET', url: new URL(address), headers };
}

/** What the real host's server takes (Kestrel's `HttpUtilities.ValidateHostHeader`): a name or address and a port, no user. */
const HOST = /^([\w.~!$&'()*+,;=%-]*|\[[0-9a-fA-F:.]+\])(:\d*)?$/;

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX)
      throw new RefusedRequestError({
        status: 413,
        headers: { connection: 'close' },
        body: `The request body exceeds ${BODY_BYTES_MAX} bytes.`,
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function write(outgoing: ServerResponse, reply: HostReply, headersOnly: boolean): void {
  const body = Buffer.from(reply.body ?? '');
  for (const [name, value] of Object.entries(reply.headers ?? {})) outgoing.setHeader(name, value);
  outgoing.statusCode = reply.status;
  if (reply.status !== 204 && reply.status !== 304) outgoing.setHeader('content-length', body.length);
  outgoing.end(headersOnly ? undefined : body);
}
