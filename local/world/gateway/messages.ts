/** Headers, bodies and the gateway's own error answers. */
import type { Answer } from './execution.js';

export async function* bodyOf(text: string | Buffer): AsyncIterable<Buffer> {
  if (text.length > 0) yield Buffer.from(text);
}

/** A body is kept in memory while it is counted; models answer in far less. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;

/** Reads a body whole. Rejects when it is larger than the gateway buffers. */
export async function collect(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error(`The body is larger than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What API Management answers by itself, spelled as it does. */
export function ownAnswer(
  status: number,
  message: string,
  headers: Record<string, string> = {},
  activityId?: string,
): Answer {
  const activity = activityId ? `, "activityId": "${activityId}"` : '';
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: bodyOf(`{ "statusCode": ${status}, "message": ${JSON.stringify(message)}${activity} }`),
  };
}

/**
 * Headers that belong to one connection (RFC 9110, section 7.6.1), and those that sender and listener compute
 * themselves.
 */
const CONNECTION_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The headers that travel on, with lower-case names. */
export function forwardable(headers: Record<string, string>): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return Object.fromEntries(entries.filter(([name]) => !CONNECTION_HEADERS.has(name)));
}
