/**
 * Is it the service that answered? Something on the way (a proxy, a portal's login page) also says 200, and an answer may be cut short. The
 * SDKs then make an object without properties, or a refusal; here it is no answer.
 */
import { jsonOrNothing } from '../kit/json.js';

export class UnreadableAnswer extends Error {
  constructor(readonly httpStatus: number) {
    super(`The answer (HTTP ${httpStatus}) cannot be read`);
    this.name = 'UnreadableAnswer';
  }
}

/** A pipeline policy: every answer of success is a JSON object or empty, and what was asked for is a resource (`id`) or a list (`value`). */
export const onlyReadable = {
  name: 'only-readable',
  async sendRequest<Request extends { method: string }, Answer extends { status: number; bodyAsText?: string | null }>(
    request: Request,
    next: (request: Request) => Promise<Answer>,
  ): Promise<Answer> {
    const answer = await next(request);
    const { status, bodyAsText } = answer;
    if (status < 200 || status > 299) return answer;
    const isRead = request.method === 'GET';
    if (!bodyAsText && !isRead) return answer;
    const body = parseObject(bodyAsText ?? '');
    if (!body || (isRead && !('id' in body) && !('value' in body))) throw new UnreadableAnswer(status);
    return answer;
  },
};

/** The JSON object that a text is; undefined when it is none. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  const value = jsonOrNothing(text);
  return value && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}
