/**
 * LIKE patterns as regular expressions: `%` any run, `_` one character, `[a-f]` and `[^a-f]` sets, an escape
 * character.
 */
import { badRequest } from '../errors.js';

/** Compiles a pattern; the last one is kept, since a query tests every row against the same. */
export function likeMatcher(): (value: string, pattern: string, escapeCharacter?: string) => boolean {
  let last: { pattern: string; expression: RegExp } | undefined;
  return (value, pattern, escapeCharacter) => {
    if (last?.pattern !== pattern) last = { pattern, expression: compile(pattern, escapeCharacter) };
    return last.expression.test(value);
  };
}

function compile(pattern: string, escapeCharacter?: string): RegExp {
  try {
    return new RegExp(`^${translate(pattern, escapeCharacter)}$`, 'su');
  } catch {
    throw badRequest(`The LIKE pattern ${JSON.stringify(pattern)} has an invalid character set.`);
  }
}

function translate(pattern: string, escapeCharacter?: string): string {
  let expression = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    const setEnd = character === '[' ? pattern.indexOf(']', at + 1) : -1;
    if (character === escapeCharacter && at + 1 < pattern.length) expression += literal(pattern[++at]!);
    else if (character === '%') {
      if (!expression.endsWith('.*')) expression += '.*';
    } else if (character === '_') expression += '.';
    else if (setEnd > at + 1) {
      expression += characterSet(pattern.slice(at + 1, setEnd));
      at = setEnd;
    } else expression += literal(character);
  }
  return expression;
}

const literal = (character: string) => character.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function characterSet(body: string): string {
  const negated = body.startsWith('^');
  const members = (negated ? body.slice(1) : body).replace(/[\\\]^[]/g, '\\$&');
  return members === '' ? literal(`[${body}]`) : `[${negated ? '^' : ''}${members}]`;
}
