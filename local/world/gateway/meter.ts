/**
 * Charges a call's tokens once its answer is there: by the `usage` that the model reports, or, for a streamed answer,
 * by an estimate of what passes through.
 */
import { estimatePromptTokens, estimateTokens, tokensOfLength } from '../models/index.js';
import type { TokenUsage } from './counters.js';
import { type Execution, PolicyFailure } from './execution.js';
import { bodyOf, collect } from './messages.js';

/** What both directions hold of interest; anything may be missing or of another type. */
interface ChatJson {
  stream?: unknown;
  usage?: { prompt_tokens?: unknown; completion_tokens?: unknown } | null;
  choices?: { message?: { content?: unknown }; delta?: { content?: unknown }; text?: unknown }[];
}

/** A line of a stream that is longer than this is not counted further: models send lines of a few hundred bytes. */
const LINE_LENGTH_MAX = 1024 * 1024;

/**
 * Charges the limits that let the call pass. A refusal of the backend costs nothing. Throws PolicyFailure when the
 * answer breaks off.
 */
export async function meterAnswer(execution: Execution): Promise<void> {
  const { response, charges, metricSinks } = execution;
  if (!response || charges.length + metricSinks.length === 0) return;
  if (response.status >= 400) return publish(execution, { promptTokens: 0, completionTokens: 0 });
  if (/^text\/event-stream\b/i.test(response.headers['content-type'] ?? '')) {
    const promptTokens = promptTokensOf(execution);
    response.body = meteredStream(execution, response.body, promptTokens);
    charge(execution, promptTokens);
    return publish(execution, { promptTokens, completionTokens: 0 });
  }
  const body = await collectAnswer(response.body);
  response.body = bodyOf(body);
  const usage = usageOf(execution, parse(body.toString('utf8')));
  charge(execution, usage.promptTokens + usage.completionTokens);
  publish(execution, usage);
  for (const sink of metricSinks) sink(usage);
}

/** The request's body as JSON; undefined when it is none. */
export function requestJson(execution: Execution): ChatJson | undefined {
  return parse(execution.request.body?.toString('utf8') ?? '');
}

function promptTokensOf(execution: Execution): number {
  return estimatePromptTokens(requestJson(execution));
}

function parse(text: string): ChatJson | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? json : undefined;
  } catch {
    return undefined;
  }
}

function usageOf(execution: Execution, json: ChatJson | undefined): TokenUsage {
  const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = json?.usage ?? {};
  return {
    promptTokens: typeof promptTokens === 'number' ? promptTokens : promptTokensOf(execution),
    completionTokens: typeof completionTokens === 'number' ? completionTokens : estimateTokens(answerText(json)),
  };
}

/** The text of an answer or of one chunk of it. */
function answerText(json: ChatJson | undefined): string {
  const choices = Array.isArray(json?.choices) ? json.choices : [];
  const contents = choices.map((choice) => choice?.message?.content ?? choice?.delta?.content ?? choice?.text);
  return contents.filter((content) => typeof content === 'string').join('');
}

/** Passes chunks on as they come. The completion is charged when the stream ends, also when the caller leaves. */
async function* meteredStream(
  execution: Execution,
  body: AsyncIterable<Buffer>,
  promptTokens: number,
): AsyncIterable<Buffer> {
  const decoder = new TextDecoder();
  let line = '';
  let characters = 0;
  try {
    for await (const chunk of body) {
      const lines = (line + decoder.decode(chunk, { stream: true })).split('\n');
      line = lines.pop()!.slice(0, LINE_LENGTH_MAX);
      for (const each of lines) characters += answerText(parse(each.replace(/^data:/, ''))).length;
      yield chunk;
    }
  } finally {
    const completionTokens = tokensOfLength(characters);
    charge(execution, completionTokens);
    for (const sink of execution.metricSinks) sink({ promptTokens, completionTokens });
  }
}

function charge(execution: Execution, tokens: number): void {
  const { services, charges } = execution;
  for (const { key, limits } of charges) services.tokens.charge(key, limits, tokens, services.clock.now());
}

function publish(execution: Execution, usage: TokenUsage): void {
  for (const each of execution.charges) each.publish(execution, usage);
}

async function collectAnswer(body: AsyncIterable<Buffer>): Promise<Buffer> {
  try {
    return await collect(body);
  } catch (error) {
    throw new PolicyFailure('BackendConnectionFailure', `The backend's answer broke off: ${(error as Error).message}`);
  }
}
