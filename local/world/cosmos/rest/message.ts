/** Requests and answers as the handlers see them, free of sockets. */
import type { IncomingHttpHeaders } from 'node:http';
import { CosmosError } from '../errors.js';
import type { CosmosOperation } from '../faults.js';

export interface RestRequest {
  method: string;
  /** Decoded segments: `/dbs/app/colls/orders` is `['dbs', 'app', 'colls', 'orders']`. */
  path: string[];
  headers: IncomingHttpHeaders;
  body: string;
  /** Base address by which the client came here, such as `http://127.0.0.1:8081/`. */
  origin: string;
  /** World time at which the request is answered. */
  nowMs: number;
}

export interface RestAnswer {
  status: number;
  headers?: Record<string, string>;
  /** JSON text. */
  body?: string;
  /** Set by requests on items, for faults. */
  operation?: CosmosOperation;
}

/** A header as one text; empty counts as absent. */
export function headerOf({ headers }: RestRequest, name: string): string | undefined {
  const value = headers[name];
  return (Array.isArray(value) ? value.join() : value) || undefined;
}

/** True for headers such as `x-ms-documentdb-isquery: True`. */
export const isSet = (request: RestRequest, name: string) => headerOf(request, name)?.toLowerCase() === 'true';

export const jsonAnswer = (status: number, body: unknown, headers?: Record<string, string>): RestAnswer => ({
  status,
  headers,
  body: JSON.stringify(body),
});

/** A page of resources under the name that clients expect. */
export function feed(
  name: string,
  resources: unknown[],
  rid: string,
  headers: Record<string, string> = {},
): RestAnswer {
  const count = String(resources.length);
  return jsonAnswer(
    200,
    { _rid: rid, [name]: resources, _count: resources.length },
    { 'x-ms-item-count': count, ...headers },
  );
}

export function requireMethod(actual: string, expected: string): void {
  if (actual !== expected) throw new CosmosError(405, `Method ${actual} is not allowed here.`);
}
