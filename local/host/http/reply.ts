/** A request and the reply to it: what the HTTP server exchanges with everything that answers. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request whose body has not been read yet. */
export interface HostExchange {
  head: Omit<HostRequest, 'body'>;
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  /** Reads the body. Rejects with a `RefusedRequestError` if it is too long. */
  read(): Promise<HostRequest>;
}

/** A request that has been read whole. */
export interface HostRequest {
  method: string;
  /** Absolute. */
  url: URL;
  headers: Record<string, string>;
  body: Buffer;
}

export interface HostReply {
  status: number;
  headers?: Record<string, string | string[]>;
  body?: Buffer | string;
}

export function jsonReply(status: number, value: unknown, headers: Record<string, string> = {}): HostReply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  };
}

export function textReply(status: number, text: string): HostReply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}
