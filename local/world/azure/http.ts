/**
 * The wire that all services of the simulated Azure share: listening, reading a bounded body, faults, and answering with JSON, bytes or a
 * stream. What a service says is its own affair: it gets a request and returns an answer.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock, ClockTimer } from '../../clock.js';
import type { TlsMaterial } from '../../tls.js';
import { isStream } from './answer-body.js';
import type { ActiveFault, FaultList, ServiceName } from './faults.js';
import { answerUnder, type Delays } from './spoilt-answers.js';

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
  /** How it says that what was asked for is not there. */
  absent?(request: Request): Answer;
}

/** One request and how it ended. */
export interface AnsweredRequest {
  service: ServiceName;
  method: string;
  /** Still percent-encoded, without query. */
  path: string;
  /** Absent when a fault left the request without an answer. */
  status?: number;
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
  /** Told of every request, reads included, just before its answer leaves. */
  onAnswer?: (entry: AnsweredRequest) => void;
}

/** ARM takes 4 MB; a policy is at most 256 KiB, a chat request far less. What is beyond is read, so that the client sees the 413, but not kept. */
const BODY_MAX_BYTES = 4 * 1024 * 1024;

/** Longer than a client keeps an idle connection: closing one just as a request comes looks like a fault that nobody asked for. */
const KEEP_ALIVE_TIMEOUT_MS = 5 * 60_000;

/** Starts a service on 127.0.0.1; with `tls` over HTTPS. Port 0 is any free port. */
export async function listen(
  service: Service,
  port: number,
  options: ListenerOptions,
  tls?: TlsMaterial,
): Promise<Listener> {
  const timers = new Set<ClockTimer>();
  const delays = delaysOf(service, options, timers);
  const take = (message: IncomingMessage, response: ServerResponse) =>
    void serve(service, options, delays, message, response);
  const server: Server = tls ? createTlsServer({ key: tls.key, cert: tls.cert }, take) : createServer(take);
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const timer of timers) timer.cancel();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  service: Service,
  options: ListenerOptions,
  delays: Delays,
  message: IncomingMessage,
  response: ServerResponse,
) {
  options.busy.count++;
  // Node takes the socket away from a message that was cut off.
  const { socket } = message;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const request = await readRequest(message, gone.signal);
    const { method, path } = request;
    const fault = service.name === 'control' ? undefined : options.faults.take({ service: service.name, method, path });
    const outcome = await answerUnder(fault, service, request, options.faults, delays);
    const answer = typeof outcome === 'string' ? undefined : outcome;
    if (service.name !== 'control') options.onAnswer?.({ service: service.name, method, path, status: answer?.status });
    if (outcome === 'cut') return socket.destroy();
    if (outcome === 'silence') return await idly(options, () => aborted(gone.signal));
    const sent = send(request.method, outcome, response);
    await (outcome.isOpenEnded ? idly(options, () => sent) : sent);
  } catch (error) {
    // The caller hung up: there is nobody to tell.
    if (socket.destroyed) return;
    options.log('error', `${service.name}: ${message.method} ${message.url}: ${(error as Error).stack}`);
    const text = error instanceof TooLarge ? error.message : 'The simulator failed; its log tells more.';
    if (response.headersSent) socket.destroy();
    else await send('', service.refuse(error instanceof TooLarge ? 413 : 500, 'InternalServerError', text), response);
  } finally {
    options.busy.count--;
  }
}

/** World time that faults ask for. What waits is no work that holds time up; what runs late is, while it runs. */
function delaysOf(service: Service, options: ListenerOptions, timers: Set<ClockTimer>): Delays {
  const after = (seconds: number, run: () => void) => {
    const timer = options.clock.after(seconds * 1_000, () => {
      timers.delete(timer);
      run();
    });
    timers.add(timer);
  };
  return {
    wait: (seconds) => idly(options, () => new Promise((resolve) => after(seconds, resolve))),
    later: (seconds, run) =>
      after(seconds, () => {
        options.busy.count++;
        run()
          .catch((error: Error) => options.log('error', `${service.name}: a late request failed: ${error.stack}`))
          .finally(() => options.busy.count--);
      }),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
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
    if (size <= BODY_MAX_BYTES) chunks.push(chunk);
  }
  if (size > BODY_MAX_BYTES) throw new TooLarge(`The request body exceeds ${BODY_MAX_BYTES} bytes`);
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
