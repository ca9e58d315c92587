/** The value envelope of the Functions worker protocol, reduced to the kinds that HTTP, timer, Service Bus and Durable functions use. */
import { isUtf8 } from 'node:buffer';

export interface TypedData {
  string?: string;
  json?: string;
  bytes?: Uint8Array;
  int?: number;
  double?: number;
  http?: HttpData;
  collectionString?: { string: string[] };
  collectionBytes?: { bytes: Uint8Array[] };
}

type Nullable = Record<string, { value: string }>;

export interface HttpData {
  method?: string;
  url?: string;
  nullableHeaders?: Nullable;
  nullableParams?: Nullable;
  statusCode?: string;
  headers?: Record<string, string>;
  cookies?: HttpCookie[];
  body?: TypedData;
}

export interface HttpCookie {
  name: string;
  value: string;
  domain?: { value: string };
  path?: { value: string };
  expires?: { value: { seconds: number } };
  secure?: { value: boolean };
  httpOnly?: { value: boolean };
  maxAge?: { value: number };
  sameSite?: 'none' | 'lax' | 'strict' | 'explicitNone';
}

/** The JSON text of a returned value; nothing returned is `null`, bytes are base64 as .NET writes them. */
export function toJson(data: TypedData | null | undefined): string {
  if (!data) return 'null';
  if (data.json !== undefined) return data.json;
  if (data.string !== undefined) return JSON.stringify(data.string);
  if (data.bytes !== undefined) return JSON.stringify(Buffer.from(data.bytes).toString('base64'));
  return JSON.stringify(data.int ?? data.double ?? null);
}

/** Bytes of a request or message: text when they are UTF-8, which the library then tries to parse as JSON. */
export function fromBytes(bytes: Buffer): TypedData {
  return isUtf8(bytes) ? { string: bytes.toString('utf8') } : { bytes };
}

/** Makes `{k: {value}}` of `{k: value}`, the protocol's form of optional strings. */
export function nullable(values: Record<string, string>): Nullable {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value }]));
}
