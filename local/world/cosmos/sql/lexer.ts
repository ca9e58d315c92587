/** Splits the text of a query into tokens. */
import { badRequest } from '../errors.js';

export interface Token {
  kind: 'name' | 'keyword' | 'number' | 'string' | 'parameter' | 'symbol' | 'end';
  /** Keywords in upper case, strings decoded, everything else as written. */
  text: string;
  /** Offset in the query, for messages. */
  at: number;
}

/** Longest query the service takes. https://learn.microsoft.com/azure/cosmos-db/concepts-limits#sql-query-limits */
const QUERY_MAX_CHARACTERS = 512 * 1024;

/** Reserved words: the service refuses them as names, even after a dot (`c.value`), so this server does too. */
const KEYWORDS = new Set(
  `AND ARRAY AS ASC BETWEEN BY DESC DISTINCT ESCAPE EXISTS FALSE FROM GROUP IN JOIN LIKE LIMIT NOT NULL OFFSET OR ORDER
   SELECT TOP TRUE UDF UNDEFINED VALUE WHERE`.split(/\s+/),
);

const SPACE = /(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const NUMBER = /0x[0-9a-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/iy;
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy;
const PARAMETER = /@[\p{L}\p{N}_]+/uy;
const STRING = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/suy;
const SYMBOL = /\?\?|\|\||>>>|<<|>>|<=|>=|!=|<>|[-+*/%=<>(){}[\],.:?&|^~]/y;

const ESCAPES: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

export function tokenize(text: string): Token[] {
  if (text.length > QUERY_MAX_CHARACTERS)
    throw badRequest(`The query is longer than ${QUERY_MAX_CHARACTERS} characters.`);
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const space = take(SPACE);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const [kind, raw] = nextToken(take);
    if (raw === undefined) throw badRequest(`Syntax error at position ${at}: unexpected '${text[at]}'.`);
    tokens.push({
      kind,
      text: kind === 'string' ? decodeString(raw) : kind === 'keyword' ? raw.toUpperCase() : raw,
      at,
    });
    at += raw.length;
  }
  tokens.push({ kind: 'end', text: 'end of query', at });
  return tokens;
}

function nextToken(take: (pattern: RegExp) => string | undefined): [Token['kind'], string | undefined] {
  const name = take(NAME);
  if (name !== undefined) return [KEYWORDS.has(name.toUpperCase()) ? 'keyword' : 'name', name];
  const parameter = take(PARAMETER);
  if (parameter !== undefined) return ['parameter', parameter];
  const number = take(NUMBER);
  if (number !== undefined) return ['number', number];
  const string = take(STRING);
  if (string !== undefined) return ['string', string];
  return ['symbol', take(SYMBOL)];
}

function decodeString(raw: string): string {
  return raw
    .slice(1, -1)
    .replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, other: string) =>
      hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (ESCAPES[other] ?? other),
    );
}
