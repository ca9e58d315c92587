/** Durable HTTP calls: to a plain address, and to one that answers 202 until its operation has ended. */
import { app } from '@azure/functions';
import * as df from 'durable-functions';

/** What the called functions saw, in order. */
export const requests: { url: string; method: string; headers: Record<string, string>; body: string }[] = [];

/** Polls that still answer 202, and what they say about the next one. */
export const operation = { pollsLeft: 0, headers: {} as Record<string, string> };

app.http('echo', {
  methods: ['GET', 'POST'],
  handler: async (request) => {
    const headers = Object.fromEntries(request.headers);
    requests.push({ url: request.url, method: request.method, headers, body: await request.text() });
    return { status: 201, headers: { 'x-seen': 'yes' }, body: `${request.method} ${requests.at(-1)!.body}` };
  },
});

app.http('operation', {
  methods: ['GET', 'POST'],
  handler: async (request) => {
    const headers = Object.fromEntries(request.headers);
    requests.push({ url: request.url, method: request.method, headers, body: await request.text() });
    if (operation.pollsLeft-- > 0)
      return { status: 202, headers: { location: '/api/operation?poll', ...operation.headers } };
    return { jsonBody: { done: true } };
  },
});

interface Response {
  statusCode: number;
  content: string;
  headers: Record<string, string>;
}

df.app.orchestration('call', function* (context) {
  const response: Response = yield context.df.callHttp(context.df.getInput<df.CallHttpOptions>()!);
  const at = context.df.currentUtcDateTime.toISOString();
  return { status: response.statusCode, content: response.content, seen: response.headers['x-seen'], at };
});
