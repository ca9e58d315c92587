import { explicitClock } from '../../local/clock.js';
import { answerAsFoundry, answerAsVllm, estimatePromptTokens, estimateTokens } from '../../local/world/models/index.js';
import { readAnswer } from './gateway.fixtures.js';

const clock = explicitClock(Date.UTC(2026, 0, 5));
const DEPLOYMENTS = [{ name: 'chat', model: 'gpt-4.1', version: '2025-04-14' }];
const MESSAGES = [
  { role: 'system', content: 'be brief' },
  { role: 'user', content: [{ type: 'text', text: 'hello' }, { type: 'image_url' }] },
];

const foundry = (path: string, body?: unknown, headers: Record<string, string> = { authorization: 'Bearer t' }) =>
  readAnswer(answerAsFoundry(request('https://hub.test', path, body, headers), DEPLOYMENTS, clock));
const vllm = (path: string, body?: unknown) =>
  readAnswer(answerAsVllm(request('http://m.test', path, body), 'mistral', clock));

function request(host: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    method: body === undefined ? 'GET' : 'POST',
    url: host + path,
    headers,
    body: text === undefined ? undefined : Buffer.from(text),
  };
}

describe('a Foundry account', () => {
  const CHAT = '/openai/v1/chat/completions';

  it('answers a chat completion in the shape of OpenAI, the same for the same request', async () => {
    const answer = await foundry(CHAT, { model: 'chat', messages: MESSAGES });
    expect(answer.json).toEqual({
      id: expect.stringMatching(/^chatcmpl-[\da-f]{24}$/),
      object: 'chat.completion',
      created: Date.UTC(2026, 0, 5) / 1_000,
      model: 'gpt-4.1-2025-04-14',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'gpt-4.1-2025-04-14 answers: hello' },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 4, completion_tokens: 9, total_tokens: 13 },
    });
    expect(await foundry(CHAT, { model: 'chat', messages: MESSAGES })).toEqual(answer);
  });

  it('stops at max_completion_tokens', async () => {
    const answer = await foundry(CHAT, { model: 'chat', messages: MESSAGES, max_completion_tokens: 2 });
    expect(answer.json).toMatchObject({ choices: [{ finish_reason: 'length' }], usage: { completion_tokens: 2 } });
  });

  it('lists its deployments', async () => {
    expect((await foundry('/openai/v1/models')).json.data).toMatchObject([{ id: 'chat', object: 'model' }]);
  });

  it.each([
    ['no token', CHAT, {}, 401, 'PermissionDenied'],
    ['a key beside the token', CHAT, { authorization: 'Bearer t', 'api-key': 'k' }, 403, 'AuthenticationTypeDisabled'],
    ['a key in the query', `${CHAT}?api-key=k`, { authorization: 'Bearer t' }, 403, 'AuthenticationTypeDisabled'],
  ])('refuses %s', async (_case, path, headers, status, code) => {
    const answer = await foundry(path, { model: 'chat', messages: MESSAGES }, headers as Record<string, string>);
    expect([answer.status, answer.json.error?.code]).toEqual([status, code]);
  });

  it.each<[string, string, unknown, number, string]>([
    ['an unknown deployment', CHAT, { model: 'gpt-4.1', messages: MESSAGES }, 404, 'DeploymentNotFound'],
    ['no model', CHAT, { messages: MESSAGES }, 400, 'invalid_request_error'],
    ['no messages', CHAT, { model: 'chat' }, 400, 'invalid_request_error'],
    ['no JSON', CHAT, '{', 400, 'invalid_request_error'],
    ['another path', '/openai/v1/files', undefined, 404, '404'],
  ])('refuses %s', async (_case, path, body, status, code) => {
    const answer = await foundry(path, body);
    expect([answer.status, answer.json.error?.code]).toEqual([status, code]);
  });
});

describe('a vLLM server', () => {
  const CHAT = '/v1/chat/completions';

  it('answers under its served name, asked for by name or not', async () => {
    for (const model of ['mistral', undefined]) {
      expect((await vllm(CHAT, { model, messages: MESSAGES })).json.model).toBe('mistral');
    }
    expect((await vllm('/v1/models')).json.data).toMatchObject([{ id: 'mistral', owned_by: 'vllm' }]);
    expect((await vllm('/health')).status).toBe(200);
  });

  it.each<[string, string, unknown, number, object]>([
    [
      'another model',
      CHAT,
      { model: 'mistral-7b', messages: MESSAGES },
      404,
      { error: { type: 'NotFoundError', code: 404 } },
    ],
    ['no messages', CHAT, { model: 'mistral', messages: [] }, 400, { error: { type: 'BadRequestError', code: 400 } }],
    ['no JSON', CHAT, 'x', 400, { error: { type: 'BadRequestError', code: 400 } }],
    ['another path', '/v1/nothing', undefined, 404, { detail: 'Not Found' }],
    ['another method', CHAT, undefined, 405, { detail: 'Method Not Allowed' }],
  ])('refuses %s', async (_case, path, body, status, expected) => {
    const answer = await vllm(path, body);
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject(expected);
  });

  it('streams role, pieces, finish reason and the usage that was asked for', async () => {
    const body = { messages: MESSAGES, stream: true, stream_options: { include_usage: true } };
    const { headers, text } = await vllm(CHAT, body);
    expect(headers['content-type']).toBe('text/event-stream; charset=utf-8');
    const events = text.trimEnd().split('\n\n');
    expect(events.pop()).toBe('data: [DONE]');
    const chunks = events.map((event) => JSON.parse(event.slice('data: '.length)));
    expect(chunks[0].choices).toEqual([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('mistral answers: hello');
    expect(chunks.at(-2)).toMatchObject({ choices: [{ delta: {}, finish_reason: 'stop' }], usage: null });
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 4, completion_tokens: 6, total_tokens: 10 },
    });
    expect((await vllm(CHAT, { messages: MESSAGES, stream: true })).text).not.toContain('usage');
  });
});

describe('the token estimate', () => {
  it('counts four characters a token and survives any body', () => {
    expect(['', 'a', 'abcd', 'abcde'].map(estimateTokens)).toEqual([0, 1, 1, 2]);
    for (const body of [null, 5, {}, { messages: 'x' }, { messages: [null, { content: [null, { text: 4 }] }] }]) {
      expect(estimatePromptTokens(body)).toBe(0);
    }
    expect(estimatePromptTokens({ prompt: ['abcd', 'e'] })).toBe(2);
  });
});
