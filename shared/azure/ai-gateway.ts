/** The AI gateway from outside, as a team's client sees it: what the proof of access calls. Keys pass through and are never kept. */
import { joinUrl } from '../model/naming.js';

/** A small completion takes seconds; the proof runs again when a call does not come back. */
const TIMEOUT_SECONDS = 60;

/** The proof costs the team as little as a call can. */
const PROBE = { messages: [{ role: 'user', content: 'ping' }], max_completion_tokens: 16 };

export interface GatewayAnswer {
  status: number;
  /** OpenAI error code of the body, if there is one. */
  code?: string;
  models?: string[];
  retryAfterSeconds?: number;
}

export function aiGateway() {
  return {
    listModels: (apiUrl: string, key: string): Promise<GatewayAnswer> => call(joinUrl(apiUrl, 'models'), key),

    complete: (apiUrl: string, key: string, model: string): Promise<GatewayAnswer> =>
      call(joinUrl(apiUrl, 'chat/completions'), key, { ...PROBE, model }),
  };
}

async function call(url: string, key: string, body?: object): Promise<GatewayAnswer> {
  const response = await fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: { 'api-key': key, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
  });
  const text = await response.text();
  const retryAfter = Number(response.headers.get('retry-after'));
  return {
    status: response.status,
    ...readBody(text),
    retryAfterSeconds: retryAfter > 0 ? retryAfter : undefined,
  };
}

function readBody(text: string): Pick<GatewayAnswer, 'code' | 'models'> {
  try {
    const body = JSON.parse(text) as { error?: { code?: string }; data?: { id: string }[] };
    return { code: body.error?.code, models: body.data?.map((model) => model.id) };
  } catch {
    return {};
  }
}
