/**
 * Counts tokens by length. The simulated models report these numbers and the gateway estimates with them, so that an
 * estimate and the usage that follows agree.
 */

/** English text has about four characters a token in the usual tokenizers. */
const CHARACTERS_PER_TOKEN = 4;

export function estimateTokens(text: string): number {
  return tokensOfLength(text.length);
}

export function tokensOfLength(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

/** The prompt of a chat or completion request: the text of all messages. 0 for a body that has none. */
export function estimatePromptTokens(body: unknown): number {
  if (typeof body !== 'object' || body === null) return 0;
  const { messages, prompt } = body as { messages?: unknown; prompt?: unknown };
  const contents = Array.isArray(messages)
    ? messages.map((message: { content?: unknown } | null) => message?.content)
    : [prompt];
  return contents.reduce<number>((sum, content) => sum + estimateTokens(contentText(content)), 0);
}

/** Content is a text, or a list of parts of which some are text. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map(partText).join('');
}

function partText(part: string | { text?: unknown } | null): string {
  if (typeof part === 'string') return part;
  return typeof part?.text === 'string' ? part.text : '';
}
