/** Carries out one request of a durable HTTP call. Network failures fail the task; every HTTP status is a result. */
import { type DurableHttpRequest, type DurableHttpResponse, HTTP_ACTIVITY } from './http-call.js';

/** Real time one request may take: the default of the .NET client that Azure uses. */
const REQUEST_LIMIT_MS = 100_000;

export function isHttpActivity(name: string): boolean {
  return name === HTTP_ACTIVITY;
}

/** @param input JSON text of an array with the request. Returns the response as JSON text. */
export async function runHttpActivity(input: string): Promise<string> {
  const [request] = JSON.parse(input) as [DurableHttpRequest];
  const { method, uri, content, tokenSource } = request;
  const headers = { ...request.headers };
  if (tokenSource) headers['authorization'] = `Bearer ${await accessToken(tokenSource.resource)}`;
  const response = await fetch(uri, {
    method,
    headers,
    body: content,
    signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  }).catch((error: Error) => {
    throw new Error(`${method} ${uri} failed: ${describeCause(error)}`);
  });
  const result: DurableHttpResponse = {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    content: await response.text(),
  };
  return JSON.stringify(result);
}

/** `fetch failed` alone says nothing: the reason is in the cause. */
function describeCause(error: Error): string {
  const cause = (error.cause as Error | undefined)?.message;
  return cause ? `${error.message} (${cause})` : error.message;
}

/** Token of the app's identity for a resource such as `https://management.core.windows.net`. The SDK loads only if an app asks for one. */
async function accessToken(resource: string): Promise<string> {
  const { DefaultAzureCredential } = require('@azure/identity') as typeof import('@azure/identity');
  const { token } = await new DefaultAzureCredential().getToken(`${resource.replace(/\/$/, '')}/.default`);
  return token;
}
