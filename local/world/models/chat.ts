/**
 * The chat completion that every simulated model gives: deterministic, so that a test can expect it, with the shapes
 * and the order of chunks of OpenAI's API (platform.openai.com/docs/api-reference/chat).
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.js';
import type { NetworkResponse } from '../gateway/contract.js';
import { contentText, estimatePromptTokens, estimateTokens } from './tokens.js';

export interface ChatRequest {
  model?: unknown;
  messages?: unknown;
  stream?: unknown;
  stream_options?: { include_usage?: unknown } | null;
  max_tokens?: unknown;
  max_completion_tokens?: unknown;
}

/** How much of the prompt an answer repeats: enough to recognize it, whatever was sent. */
const ECHO_LENGTH_MAX = 80;

/** Characters in a streamed chunk: a few chunks for any answer. */
const CHUNK_LENGTH = 16;

/** Answers a checked request as `model`, the name that the server shows. */
export function answerChat(request: ChatRequest, model: string, clock: Clock): NetworkResponse {
  const completion = complete(request, model);
  const identity = {
    id: `chatcmpl-${createHash('sha256').update(JSON.stringify(request)).digest('hex').slice(0, 24)}`,
    created: Math.floor(clock.now() / 1_000),
    model,
  };
  return request.stream === true ? streamed(identity, completion, request) : whole(identity, completion);
}

interface Completion {
  content: string;
  finishReason: 'stop' | 'length';
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
}

interface Identity {
  id: string;
  created: number;
  model: string;
}

function complete(request: ChatRequest, model: string): Completion {
  const messages = request.messages as { content?: unknown }[];
  const prompt = contentText(messages.at(-1)?.content);
  const full = `${model} answers: ${prompt.slice(0, ECHO_LENGTH_MAX)}`;
  const limit = Number(request.max_completion_tokens ?? request.max_tokens ?? Infinity);
  let content = full;
  if (estimateTokens(full) > limit) content = full.slice(0, Math.floor((full.length * limit) / estimateTokens(full)));
  const promptTokens = estimatePromptTokens(request);
  const completionTokens = estimateTokens(content);
  return {
    content,
    finishReason: content === full ? 'stop' : 'length',
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  };
}

function whole(identity: Identity, { content, finishReason, usage }: Completion): NetworkResponse {
  const message = { role: 'assistant', content };
  const choice = { index: 0, message, logprobs: null, finish_reason: finishReason };
  return jsonAnswer(200, { ...identity, object: 'chat.completion', choices: [choice], usage });
}

function streamed(
  identity: Identity,
  { content, finishReason, usage }: Completion,
  request: ChatRequest,
): NetworkResponse {
  const withUsage = request.stream_options?.include_usage === true;
  const event = (choices: unknown[], total: typeof usage | null) => {
    const chunk = { ...identity, object: 'chat.completion.chunk', choices, ...(withUsage && { usage: total }) };
    return `data: ${JSON.stringify(chunk)}\n\n`;
  };
  const delta = (change: object, reason: string | null) =>
    event([{ index: 0, delta: change, finish_reason: reason }], null);
  const pieces = content.match(new RegExp(`[^]{1,${CHUNK_LENGTH}}`, 'g')) ?? [];
  const events = [
    delta({ role: 'assistant', content: '' }, null),
    ...pieces.map((piece) => delta({ content: piece }, null)),
    delta({}, finishReason),
    ...(withUsage ? [event([], usage)] : []),
    'data: [DONE]\n\n',
  ];
  return { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' }, body: chunks(events) };
}

export function jsonAnswer(status: number, body: unknown): NetworkResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: chunks([JSON.stringify(body)]) };
}

export async function* chunks(texts: string[]): AsyncIterable<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

/** The parsed body; undefined when it is no JSON object. */
export function readChatRequest(body: Buffer | undefined): ChatRequest | undefined {
  try {
    const json: unknown = JSON.parse(body?.toString('utf8') ?? '');
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** Whether there is at least one message, and each is an object. */
export function hasMessages({ messages }: ChatRequest): boolean {
  return (
    Array.isArray(messages) &&
    messages.length > 0 &&
    messages.every((message) => typeof message === 'object' && message !== null)
  );
}
