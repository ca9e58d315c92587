/** A shared model's own inference server, reached by its private name from inside the virtual network, or through a proxy that is. */
import { type ClientRequest, request } from 'node:http';
import { ServiceError } from '../model/service-error.js';
import type { ModelEndpoint } from '../resources/adapters.js';
import { unreadable } from './azure-error.js';
import { parseObject } from './readable.js';

/** An inference server that is up answers a list at once; more is a network that drops packets. */
const TIMEOUT_SECONDS = 10;
/** A model list is some hundred bytes. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** `proxyUrl`: an HTTP proxy inside the virtual network, for a control plane that stands outside (a developer's machine). */
export function modelEndpoint(proxyUrl: string | undefined, callDeadlineSeconds: number): ModelEndpoint {
  const seconds = Math.min(TIMEOUT_SECONDS, callDeadlineSeconds);
  return {
    async readServedNames(baseUrl) {
      const answer = await get(`${baseUrl}/models`, proxyUrl, seconds);
      if (!answer || answer.status >= 500) return undefined;
      const { body, status } = answer;
      const call = { service: 'model' as const, action: `ask ${baseUrl} for its models` };
      if (status >= 400)
        throw new ServiceError({ ...call, code: 'UnexpectedAnswer', status, detail: 'expected a model list' });
      const data = status === 200 ? parseObject(body)?.['data'] : undefined;
      if (!Array.isArray(data)) throw new ServiceError({ ...call, ...unreadable(`(HTTP ${status})`) });
      return data.flatMap((model: { id?: unknown } | null) => (typeof model?.id === 'string' ? model.id : []));
    },
  };
}

/** No answer (name unknown, nothing listening, time over) is an expected state of a model that is coming up. */
function get(
  url: string,
  proxyUrl: string | undefined,
  seconds: number,
): Promise<{ status: number; body: string } | undefined> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(seconds * 1000);
    const call = proxyUrl ? viaProxy(url, proxyUrl, signal) : request(url, { signal });
    const giveUp = () => resolve(undefined);
    call.on('error', giveUp);
    call.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > ANSWER_BYTES_MAX) call.destroy();
      });
      response.on('error', giveUp);
      response.on('close', giveUp);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.end();
  });
}

/** A plain HTTP proxy takes the whole URL as the path (RFC 9112, section 3.2.2). */
function viaProxy(url: string, proxyUrl: string, signal: AbortSignal): ClientRequest {
  const { hostname, port } = new URL(proxyUrl);
  return request({ hostname, port, path: url, headers: { host: new URL(url).host }, signal });
}
