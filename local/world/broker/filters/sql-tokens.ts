/** Splits the text of an SQL filter or action into tokens. */

export type Token =
  | { kind: 'word'; text: string; at: number }
  | { kind: 'name'; text: string; at: number }
  | { kind: 'string'; text: string; at: number }
  | { kind: 'number'; value: number; at: number }
  | { kind: 'symbol'; text: string; at: number };

export class SqlFilterError extends Error {
  constructor(expression: string, at: number, problem: string) {
    super(`${problem} at character ${at + 1} of "${expression}"`);
    this.name = 'SqlFilterError';
  }
}

/**
 * The service's own limit: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas (SQL filter
 * length).
 */
const EXPRESSION_MAX_CHARACTERS = 1024;

/** One alternative a token kind, in the order of `toToken`. */
const TOKEN = new RegExp(
  [
    /'((?:[^']|'')*)'/,
    /(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/,
    /\[((?:[^\]]|\]\])+)\]/,
    /"((?:[^"]|"")+)"/,
    /([A-Za-z_][\w$]*)/,
    /(<>|!=|<=|>=|[=<>(),.;+*/%-])/,
  ]
    .map((alternative) => alternative.source)
    .join('|'),
  'y',
);

export function tokenize(expression: string): Token[] {
  if (expression.length > EXPRESSION_MAX_CHARACTERS) {
    throw new SqlFilterError(expression.slice(0, 40), 0, `Longer than ${EXPRESSION_MAX_CHARACTERS} characters`);
  }
  const tokens: Token[] = [];
  const end = expression.trimEnd().length;
  for (let from = 0; from < end; from = TOKEN.lastIndex) {
    const at = from + expression.slice(from).search(/\S/);
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(expression);
    if (!match) throw new SqlFilterError(expression, at, 'Unexpected character');
    tokens.push(toToken(match, at));
  }
  return tokens;
}

function toToken([, text, number, bracketed, quoted, word, symbol]: RegExpExecArray, at: number): Token {
  if (text !== undefined) return { kind: 'string', text: text.replaceAll("''", "'"), at };
  if (number !== undefined) return { kind: 'number', value: Number(number), at };
  if (bracketed !== undefined) return { kind: 'name', text: bracketed.replaceAll(']]', ']'), at };
  if (quoted !== undefined) return { kind: 'name', text: quoted.replaceAll('""', '"'), at };
  if (word !== undefined) return { kind: 'word', text: word, at };
  return { kind: 'symbol', text: symbol!, at };
}
