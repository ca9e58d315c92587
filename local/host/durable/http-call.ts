/**
 * The durable HTTP call (`context.df.callHttp`): the request as the orchestrator gives it, and the rules of polling a 202, which the library
 * follows too. Reference: https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-features
 */

/** Name of the activity that the host runs itself, as on Azure. */
export const HTTP_ACTIVITY = 'BuiltIn::HttpActivity';

/** Pause before a poll when the answer has no Retry-After; the library is told the same number. */
export const DEFAULT_POLL_MS = 30_000;

export interface DurableHttpRequest {
  method: string;
  uri: string;
  content?: string;
  headers?: Record<string, string>;
  tokenSource?: { resource: string };
  /** Poll a 202 until it is something else. */
  asynchronousPatternEnabled: boolean;
}

export interface DurableHttpResponse {
  statusCode: number;
  headers: Record<string, string>;
  content: string;
}

export interface Poll {
  request: DurableHttpRequest;
  afterMs: number;
}

/** Headers that never follow a `Location` to another origin, which the called service chooses. */
const CREDENTIAL_HEADERS = ['authorization', 'cookie'];

/** Opens functions, not the status address of an operation: Azure drops it from every poll. */
const FUNCTION_KEY_HEADER = 'x-functions-key';

/** The poll that an answer asks for; undefined if it is the final one. */
export function nextPoll(request: DurableHttpRequest, response: DurableHttpResponse): Poll | undefined {
  const location = header(response, 'location');
  if (!request.asynchronousPatternEnabled || response.statusCode !== 202 || !location) return undefined;
  const uri = new URL(location, request.uri);
  const isSameOrigin = uri.origin === new URL(request.uri).origin;
  const dropped = isSameOrigin ? [FUNCTION_KEY_HEADER] : [FUNCTION_KEY_HEADER, ...CREDENTIAL_HEADERS];
  const headers = Object.entries(request.headers ?? {}).filter(([name]) => !dropped.includes(name.toLowerCase()));
  const retryAfter = header(response, 'retry-after');
  return {
    request: {
      method: 'GET',
      uri: uri.href,
      headers: Object.fromEntries(headers),
      tokenSource: isSameOrigin ? request.tokenSource : undefined,
      asynchronousPatternEnabled: true,
    },
    afterMs: retryAfter ? Number(retryAfter) * 1000 : DEFAULT_POLL_MS,
  };
}

function header({ headers }: DurableHttpResponse, name: string): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}
