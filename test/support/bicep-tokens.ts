/** The words of Bicep: names, numbers, strings with their interpolations, symbols and line breaks; comments are left out. */
export interface Token {
  kind: 'word' | 'string' | 'number' | 'symbol' | 'newline';
  text: string;
  line: number;
}

const SYMBOL = /\.\.\.|==|!=|>=|<=|=~|!~|&&|\|\||\?\?|=>|\.\?|::|[^\s\w]/y;

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (let index = 0; index < text.length; ) {
    const end = endOfToken(text, index);
    const token = text.slice(index, end);
    const kind = kindOf(token);
    // A comment ends before its line break; several line breaks are one.
    if (kind && !(kind === 'newline' && tokens.at(-1)?.kind === 'newline')) tokens.push({ kind, text: token, line });
    line += token.split('\n').length - 1;
    index = end;
  }
  return tokens;
}

function endOfToken(text: string, index: number): number {
  if (text.startsWith("'''", index)) return text.indexOf("'''", index + 3) + 3;
  if (text[index] === "'") return endOfString(text, index);
  if (text[index] === '\n') return index + 1;
  const match = /[ \t\r]+|\/\/[^\n]*|#[^\n]*|\w+/y;
  match.lastIndex = index;
  if (match.test(text)) return match.lastIndex;
  SYMBOL.lastIndex = index;
  SYMBOL.test(text);
  return SYMBOL.lastIndex;
}

function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === "'") return index + 1;
    else if (text.startsWith('${', index)) {
      // Inside an interpolation a quote opens a string of its own.
      for (index += 2; text[index] !== '}'; index++)
        if (text[index] === "'") index = endOfString(text, index) - 1;
        else if (text[index] === '{') index = text.indexOf('}', index);
    }
  }
  throw new Error(`A string at ${start} has no end`);
}

function kindOf(token: string): Token['kind'] | undefined {
  if (token === '\n') return 'newline';
  if (/^[ \t\r]|^\/\/|^#/.test(token)) return undefined;
  if (token.startsWith("'")) return 'string';
  if (/^\d/.test(token)) return 'number';
  return /^\w/.test(token) ? 'word' : 'symbol';
}
