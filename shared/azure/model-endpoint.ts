/** A shared model's own inference server, reached by its private name from inside the virtual network, or through a proxy that is. */
import { type ClientRequest, request } from 'node:http';
import { AzureError } from './azure-error.js';

/** An inference server that is up answers a list at once; more is a network that drops packets. */
const TIMEOUT_SECONDS = 10;
/** A model list is some hundred bytes. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** `proxyUrl`: an HTTP proxy inside the virtual network, for a control plane that stands outside (a developer's machine). */
export function modelEndpoint(proxyUrl?: string) {
  return {
    /** Names the server says it serves; undefined while nothing answers at the address. */
    async readServedNames(baseUrl: string): Promise<string[] | undefined> {
      const answer = await get(`${baseUrl}/models`, proxyUrl);
      if (!answer || answer.status >= 500) return undefined;
      if (answer.status !== 200)
        throw new AzureError(
          `ask ${baseUrl} for its models`,
          'UnexpectedAnswer',
          answer.status,
          'expected a model list',
        );
      const list = JSON.parse(answer.body) as { data?: { id?: string }[] };
      return (list.data ?? []).flatMap((model) => model.id ?? []);
    },
  };
}

function get(url: string, proxyUrl?: string): Promise<{ status: number; body: string } | undefined> {
  return new Promise((resolve, reject) => {
    const call = proxyUrl ? viaProxy(url, proxyUrl) : request(url);
    call.setTimeout(TIMEOUT_SECONDS * 1000, () => call.destroy());
    // No answer (name unknown, nothing listening, time over) is an expected state of a model that is coming up.
    call.on('error', () => resolve(undefined));
    call.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > ANSWER_BYTES_MAX) call.destroy();
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.end();
  });
}

/** A plain HTTP proxy takes the whole URL as the path (RFC 9112, section 3.2.2). */
function viaProxy(url: string, proxyUrl: string): ClientRequest {
  const { hostname, port } = new URL(proxyUrl);
  return request({ hostname, port, path: url, headers: { host: new URL(url).host } });
}
