/**
 * The wire that all services of the simulated Azure share: listening, reading a bounded body, faults, and answering with JSON, bytes or a
 * stream. What a service says is its own affair: it gets a request and returns an answer.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../clock.js';
import type { TlsMaterial } from '../../tls.js';
import type { ActiveFault, FaultList, ServiceName } from './faults.js';

export interface Request {
  method: string;
  /** Without query, slashes not doubled; still percent-encoded. */
  path: string;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: Buffer;
  /** As it came on the request line, for a gateway or a proxy. */
  target: string;
  clientIp: string;
  /** Aborted when the connection is gone. */
  signal: AbortSignal;
  /** A fault about the operation that this request starts. */
  fault?: ActiveFault;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** A Buffer or a stream is sent as it is, anything else as JSON; absent means no content. */
  body?: unknown;
  /** A stream that ends when the caller wants: waiting for more of it is not work that holds time up. */
  isOpenEnded?: boolean;
}

export interface Service {
  /** The control endpoint is beyond faults: they could lock it. */
  name: ServiceName | 'control';
  answer(request: Request): Answer | Promise<Answer>;
  /** How this service words a refusal that a fault asks for. */
  refuse(status: number, code: string, message: string): Answer;
}

export interface Listener {
  port: number;
  close(): Promise<void>;
}

export interface ListenerOptions {
  clock: Clock;
  faults: FaultList;
  log: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
  /** Counts requests that are being answered. */
  busy: { count: number };
}

/** ARM takes 4 MB; a policy is at most 256 KiB, a chat request far less. */
const BODY_MAX_BYTES = 4 * 1024 * 1024;

/** Starts a service on 127.0.0.1; with `tls` over HTTPS. Port 0 is any free port. */
export async function listen(
  service: Service,
  port: number,
  options: ListenerOptions,
  tls?: TlsMaterial,
): Promise<Listener> {
  const take = (message: IncomingMessage, response: ServerResponse) => void serve(service, options, message, response);
  const server: Server = tls ? createTlsServer({ key: tls.key, cert: tls.cert }, take) : createServer(take);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(service: Service, options: ListenerOptions, message: IncomingMessage, response: ServerResponse) {
  options.busy.count++;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const request = await readRequest(message, gone.signal);
    const { method, path } = request;
    const fault = service.name === 'control' ? undefined : options.faults.take({ service: service.name, method, path });
    if (fault?.kind === 'drop-before-effect') return message.socket.destroy();
    if (fault?.kind === 'slow') await worldPause(options, fault.seconds);
    const answer = fault?.kind === 'answer' ? refusal(service, fault) : await service.answer({ ...request, fault });
    if (fault?.kind === 'drop-after-effect') return message.socket.destroy();
    const sent = send(request.method, answer, response);
    await (answer.isOpenEnded ? idly(options, () => sent) : sent);
  } catch (error) {
    // The caller hung up: there is nobody to tell.
    if (message.socket.destroyed) return;
    options.log('error', `${service.name}: ${message.method} ${message.url}: ${(error as Error).stack}`);
    const text = error instanceof TooLarge ? error.message : 'The simulator failed; its log tells more.';
    if (response.headersSent) message.socket.destroy();
    else await send('', service.refuse(error instanceof TooLarge ? 413 : 500, 'InternalServerError', text), response);
  } finally {
    options.busy.count--;
  }
}

function refusal(service: Service, fault: ActiveFault & { kind: 'answer' }): Answer {
  const { status, code, message, retryAfterSeconds } = fault.answer;
  const answer = service.refuse(status, code, message ?? `Refused by the fault '${fault.name ?? code}'.`);
  if (retryAfterSeconds === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfterSeconds) } };
}

/** A request that waits for world time to pass is not work that holds time up. */
function worldPause(options: ListenerOptions, seconds: number): Promise<void> {
  return idly(options, () => new Promise((resolve) => options.clock.after(seconds * 1_000, resolve)));
}

async function idly({ busy }: ListenerOptions, wait: () => Promise<void>): Promise<void> {
  busy.count--;
  try {
    await wait();
  } finally {
    busy.count++;
  }
}

class TooLarge extends Error {}

async function readRequest(message: IncomingMessage, signal: AbortSignal): Promise<Request> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_MAX_BYTES) throw new TooLarge(`The request body exceeds ${BODY_MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  const target = message.url ?? '/';
  const [path = '/', query = ''] = splitOnce(target, '?');
  return {
    method: message.method ?? 'GET',
    path: path.replace(/\/{2,}/g, '/'),
    query: new URLSearchParams(query),
    headers: Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, String(value)])),
    body: Buffer.concat(chunks),
    target,
    clientIp: message.socket.remoteAddress ?? '127.0.0.1',
    signal,
  };
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

async function send(method: string, answer: Answer, response: ServerResponse): Promise<void> {
  const { body, headers, status } = answer;
  if (body === undefined || method === 'HEAD') {
    response.writeHead(status, headers);
    response.end();
  } else if (Buffer.isBuffer(body)) {
    response.writeHead(status, headers);
    response.end(body);
  } else if (isStream(body)) {
    response.writeHead(status, headers);
    response.flushHeaders();
    for await (const chunk of body) {
      // A caller that went away ends the stream; nobody waits for a drain that never comes.
      if (response.destroyed) return;
      response.write(chunk);
    }
    response.end();
  } else {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(JSON.stringify(body));
  }
}

function isStream(body: unknown): body is AsyncIterable<Buffer> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}
