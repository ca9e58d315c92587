/** The AI gateway from outside, as a team's client sees it: what the proof of access calls. Keys pass through and are never kept. */
import { joinUrl } from '../model/naming.js';
import type { AiGateway, GatewayAnswer } from '../resources/adapters.js';
import { within, withoutSecret } from './call.js';
import { parseObject, UnreadableAnswer } from './readable.js';
import { retryAfterSeconds } from './retry-after.js';

/** The proof costs the team as little as a call can. */
const PROBE = { messages: [{ role: 'user', content: 'ping' }], max_completion_tokens: 16 };

/** A model list or a short completion is a few kilobytes. */
const ANSWER_BYTES_MAX = 256 * 1024;

export function aiGateway(callDeadlineSeconds: number): AiGateway {
  const call = (url: string, key: string, body?: object): Promise<GatewayAnswer> =>
    withoutSecret(key, () =>
      within('gateway', callDeadlineSeconds, `call ${url}`, async (signal) => {
        const response = await fetch(url, {
          method: body ? 'POST' : 'GET',
          headers: { 'api-key': key, ...(body && { 'content-type': 'application/json' }) },
          body: body && JSON.stringify(body),
          // A redirect would carry the key somewhere else.
          redirect: 'manual',
          signal,
        });
        return answerOf(response, await readBounded(response), key);
      }),
    );

  return {
    listModels: (apiUrl, key) => call(joinUrl(apiUrl, 'models'), key),
    complete: (apiUrl, key, model) => call(joinUrl(apiUrl, 'chat/completions'), key, { ...PROBE, model }),
  };
}

/** A refusal may have any body, or none; what is said to have worked must be readable. */
function answerOf({ headers, status }: Response, text: string, key: string): GatewayAnswer {
  const body = parseObject(text) as { error?: { code?: unknown; message?: unknown }; data?: unknown } | undefined;
  if (status < 400 && (!body || status > 299)) throw new UnreadableAnswer(status);
  const { code, message } = body?.error ?? {};
  return {
    status,
    code: typeof code === 'string' ? code : undefined,
    message: typeof message === 'string' ? message.replaceAll(key, '***') : undefined,
    models: Array.isArray(body?.data) ? body.data.flatMap((model: { id?: unknown }) => textOf(model?.id)) : undefined,
    retryAfterSeconds: retryAfterSeconds((name) => headers.get(name)),
  };
}

const textOf = (value: unknown): string[] => (typeof value === 'string' ? [value] : []);

async function readBounded({ body, status }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > ANSWER_BYTES_MAX) throw new UnreadableAnswer(status);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
