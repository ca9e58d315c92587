/**
 * The HTTP side: reads requests, answers them one after the other (SQLite is synchronous), turns errors into answers.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { badRequest, CosmosError, tooLarge } from '../errors.js';
import { type CosmosFaults, losesAnswer } from '../faults.js';
import type { Store } from '../store/store.js';
import { type AccessPolicy, authenticate } from './auth.js';
import { jsonAnswer, type RestAnswer, type RestRequest } from './message.js';
import { route } from './routes.js';

export interface RestOptions {
  store: Store;
  faults: CosmosFaults;
  policy: AccessPolicy;
  nowMs: () => number;
  log: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
  /** PEM texts: serves HTTPS. */
  tls?: { key: string; cert: string };
  port: number;
  /** Told the request units of every answer. */
  charged?: (requestUnits: number) => void;
}

export interface RestServer {
  endpoint: string;
  isIdle: () => boolean;
  close: () => Promise<void>;
}

/** Twice the largest item and batch: bodies beyond are read, so that the client sees the 413, but not kept. */
const BODY_MAX_BYTES = 4 * 1024 * 1024;

/** Longer than any client keeps an idle connection, so that it never sends on one that is being closed. */
const KEEP_ALIVE_TIMEOUT_MS = 5 * 60_000;

export async function listen(options: RestOptions): Promise<RestServer> {
  let active = 0;
  const listener: RequestListener = (incoming, outgoing) => {
    active++;
    outgoing.once('close', () => active--);
    void answer(options, incoming, outgoing);
  };
  const server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const scheme = options.tls ? 'https' : 'http';
  return { endpoint: `${scheme}://127.0.0.1:${port}/`, isIdle: () => active === 0, close: () => closeServer(server) };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(options: RestOptions, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const what = `${incoming.method} ${incoming.url}`;
  try {
    const { status, headers, body, operation } = await produce(options, incoming);
    options.log('debug', `${what} → ${status}`);
    options.charged?.(Number({ ...commonHeaders(), ...headers }['x-ms-request-charge']));
    if (operation && losesAnswer(options.faults, operation)) {
      outgoing.destroy();
      return;
    }
    outgoing.writeHead(status, { ...commonHeaders(), ...headers });
    outgoing.end(body);
  } catch (error) {
    options.log('warn', `${what}: no answer: ${String(error)}`);
    outgoing.destroy();
  }
}

const commonHeaders = () => ({
  'content-type': 'application/json',
  'x-ms-activity-id': randomUUID(),
  'x-ms-request-charge': '1',
  'x-ms-version': '2020-07-15',
});

/** Every error of a request becomes an answer; only a broken connection has none. */
async function produce(options: RestOptions, incoming: IncomingMessage): Promise<RestAnswer> {
  const body = await readBody(incoming);
  try {
    if (body === undefined) throw tooLarge(`Request size is too large: at most ${BODY_MAX_BYTES} bytes.`);
    const request = requestOf(options, incoming, body);
    const caller = authenticate(request, options.policy);
    return route(options.store, options.faults, request, caller);
  } catch (error) {
    if (error instanceof CosmosError) return errorAnswer(error);
    options.log(
      'error',
      `${incoming.method} ${incoming.url} failed: ${error instanceof Error ? error.stack : String(error)}`,
    );
    return errorAnswer(new CosmosError(500, 'The server failed unexpectedly: see its log.'));
  }
}

/** The whole body as text, or undefined if it was too large to keep. */
async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_MAX_BYTES) chunks.push(chunk);
  }
  return bytes <= BODY_MAX_BYTES ? Buffer.concat(chunks).toString('utf8') : undefined;
}

function requestOf({ tls, nowMs }: RestOptions, incoming: IncomingMessage, body: string): RestRequest {
  const { method = 'GET', url = '/', headers } = incoming;
  return {
    method,
    path: decodePath(url.split('?', 1)[0]!),
    headers,
    body,
    origin: `${tls ? 'https' : 'http'}://${headers.host}/`,
    nowMs: nowMs(),
  };
}

function decodePath(path: string): string[] {
  try {
    return path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decodeURIComponent);
  } catch {
    throw badRequest(`The path ${path} is not a valid URL path.`);
  }
}

function errorAnswer(error: CosmosError): RestAnswer {
  const { substatus, retryAfterMs } = error.details;
  const headers: Record<string, string> = {};
  if (substatus !== undefined) headers['x-ms-substatus'] = String(substatus);
  if (retryAfterMs !== undefined) headers['x-ms-retry-after-ms'] = String(retryAfterMs);
  return jsonAnswer(error.status, { code: error.code, message: error.message }, headers);
}
