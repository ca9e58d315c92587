/** Splits the C# of a policy expression into tokens. */

export interface Token {
  kind: 'name' | 'string' | 'number' | 'symbol' | 'end';
  /** As written; for a string, its value. */
  text: string;
}

/** What a policy expression was refused for when the policy was PUT. */
export class ExpressionError extends Error {}

/** Documents hold at most 256 KiB; a single expression of this many tokens is no longer one that a person reads. */
const TOKENS_MAX = 2_000;

const PATTERNS: [Token['kind'] | 'space', RegExp][] = [
  ['space', /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y],
  ['string', /@"(?:[^"]|"")*"|"(?:[^"\\\n]|\\.)*"/y],
  ['name', /[A-Za-z_]\w*/y],
  ['number', /\d+(?:\.\d+)?[Ll]?/y],
  ['symbol', /\?\?|==|!=|<=|>=|&&|\|\||[()[\]{}.,;:?!<>=+-]/y],
];

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '0': '\0', '"': '"', "'": "'", '\\': '\\' };

/** Throws ExpressionError at the first character that the grammar has no place for. */
export function tokenize(code: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < code.length; ) {
    const [kind, text] = nextToken(code, at);
    if (kind !== 'space') tokens.push({ kind, text: kind === 'string' ? stringValue(text) : text });
    if (tokens.length > TOKENS_MAX) throw new ExpressionError(`the expression has more than ${TOKENS_MAX} tokens.`);
    at += text.length;
  }
  return [...tokens, { kind: 'end', text: 'the end of the expression' }];
}

function nextToken(code: string, at: number): [Token['kind'] | 'space', string] {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const text = pattern.exec(code)?.[0];
    if (text) return [kind, text];
  }
  throw new ExpressionError(`'${code.slice(at, at + 10)}' is not supported in an expression by the local gateway.`);
}

function stringValue(literal: string): string {
  if (literal.startsWith('@')) return literal.slice(2, -1).replaceAll('""', '"');
  return literal.slice(1, -1).replace(/\\(u[\da-fA-F]{4}|.)/g, (written, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    const character = ESCAPES[code];
    if (character === undefined) throw new ExpressionError(`'${written}' is no escape sequence.`);
    return character;
  });
}
