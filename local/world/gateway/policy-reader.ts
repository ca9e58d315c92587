/**
 * Reads a policy document into elements with their place in the text. An XML parser can't: in format `rawxml` the C# of
 * `@(...)` and `@{...}` stands unescaped inside attributes and text, so the end of an expression is found by its
 * brackets.
 */

/** How the document was escaped when it was PUT; both read to the same elements. */
export type PolicyFormat = 'rawxml' | 'xml';

export interface PolicyElement {
  name: string;
  /** Where the name stands, both from 1; API Management counts the same way. */
  line: number;
  column: number;
  attributes: Map<string, string>;
  children: PolicyElement[];
  /** All direct text, entities decoded. */
  text: string;
}

/** What is wrong with a policy document, in the words of API Management. */
export class PolicyError extends Error {
  constructor(element: Pick<PolicyElement, 'name' | 'line' | 'column'>, problem: string) {
    super(`Error in element '${element.name}' on line ${element.line}, column ${element.column}: ${problem}`);
  }
}

/** Documented size of a policy document (service limits of API Management: 256 KiB). */
const DOCUMENT_LENGTH_MAX = 256 * 1024;
/** Deeper nesting is a mistake, and would exhaust the stack of a recursive reader. */
const DEPTH_MAX = 40;

const ENTITIES = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** A C# comment, whose brackets and quotes mean nothing. */
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;

/** Reads the one root element. Throws PolicyError when the text is no well-formed policy document. */
export function readPolicyDocument(text: string, format: PolicyFormat): PolicyElement {
  return new DocumentReader(text, format === 'rawxml').document();
}

/**
 * The position after the bracket that closes the expression whose `@` is at `start`; undefined when it never closes.
 */
export function expressionEnd(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at]!;
    COMMENT.lastIndex = at;
    const comment = COMMENT.exec(text)?.[0];
    if (comment) at += comment.length - 1;
    else if (character === '"') at = stringEnd(text, at);
    else if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && --depth === 0) return at + 1;
  }
  return undefined;
}

/** The position of the quote that ends the C# string opened at `start`; the text's end when none does. */
function stringEnd(text: string, start: number): number {
  const isVerbatim = text[start - 1] === '@';
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' && !isVerbatim ? 2 : 1;
  return at;
}

export function startsExpression(text: string, at = 0): boolean {
  return text[at] === '@' && (text[at + 1] === '(' || text[at + 1] === '{');
}

class DocumentReader {
  private at = 0;
  private line = 1;
  private lineStart = 0;
  private open: Pick<PolicyElement, 'name' | 'line' | 'column'> = { name: 'policies', line: 1, column: 1 };

  constructor(
    private readonly text: string,
    private readonly isRaw: boolean,
  ) {}

  document(): PolicyElement {
    if (this.text.length > DOCUMENT_LENGTH_MAX)
      throw this.error(`the document is longer than ${DOCUMENT_LENGTH_MAX} characters.`);
    this.skipMisc();
    if (this.text[this.at] !== '<') throw this.error('the policy is not an XML document.');
    const root = this.element(1);
    this.skipMisc();
    if (this.at < this.text.length) throw this.error('there is text after the root element.');
    return root;
  }

  private element(depth: number): PolicyElement {
    const { line, column } = this.position(++this.at);
    const name = this.take(/[A-Za-z_][\w.-]*/y);
    const element: PolicyElement = { name, line, column, attributes: new Map(), children: [], text: '' };
    const outer = this.open;
    this.open = name ? element : outer;
    if (!name) throw this.error('an element name was expected after "<".');
    if (depth > DEPTH_MAX) throw this.error(`elements are nested more than ${DEPTH_MAX} deep.`);
    if (!this.attributes(element)) this.content(element, depth);
    this.open = outer;
    return element;
  }

  /** Reads up to the end of the start tag; true when the element is empty (`/>`). */
  private attributes(element: PolicyElement): boolean {
    for (;;) {
      const space = this.take(/\s*/y);
      if (this.skip('/>')) return true;
      if (this.skip('>')) return false;
      const name = this.take(/[A-Za-z_][\w.:-]*/y);
      if (!name || !space) throw this.error('an attribute or the end of the tag was expected.');
      if (!this.take(/\s*=\s*/y)) throw this.error(`attribute '${name}' has no value.`);
      if (element.attributes.has(name)) throw this.error(`attribute '${name}' is given twice.`);
      element.attributes.set(name, this.attributeValue(name));
    }
  }

  private attributeValue(name: string): string {
    const quote = this.text[this.at];
    if (quote !== '"' && quote !== "'") throw this.error(`the value of attribute '${name}' is not quoted.`);
    this.at++;
    const expression = this.isRaw && startsExpression(this.text, this.at) ? this.expression() : '';
    const end = this.text.indexOf(quote, this.at);
    if (end < 0) throw this.error(`the value of attribute '${name}' is not closed.`);
    const literal = this.text.slice(this.at, end);
    if (literal.includes('<')) throw this.error(`attribute '${name}' contains "<" outside of an expression.`);
    this.at = end + 1;
    return expression + this.decode(literal);
  }

  private content(element: PolicyElement, depth: number): void {
    while (!this.skip('</')) {
      if (this.at >= this.text.length) throw this.error('the element is not closed.');
      if (this.skipComment()) continue;
      if (this.skip('<![CDATA[')) element.text += this.through(']]>');
      else if (this.text[this.at] === '<') element.children.push(this.element(depth + 1));
      else if (this.isRaw && startsExpression(this.text, this.at)) element.text += this.expression();
      else element.text += this.decode(this.take(this.isRaw ? /(?:[^<@]|@(?![({]))+/y : /[^<]+/y));
    }
    const name = this.take(/[\w.-]*/y);
    this.take(/\s*/y);
    if (name !== element.name || !this.skip('>')) throw this.error(`it is closed by '</${name}'.`);
  }

  private expression(): string {
    const end = expressionEnd(this.text, this.at);
    if (end === undefined) throw this.error('an expression is not closed.');
    const code = this.text.slice(this.at, end);
    this.at = end;
    return code;
  }

  private decode(text: string): string {
    return text.replace(
      /&(?:(\w+)|#(\d{1,7})|#x([\da-fA-F]{1,6}));|&/g,
      (_whole, name?: string, decimal?: string, hex?: string) => {
        const code = decimal ? Number(decimal) : hex ? Number.parseInt(hex, 16) : undefined;
        const character =
          code === undefined ? ENTITIES.get(name ?? '') : code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
        if (character === undefined) throw this.error('"&" must be written as &amp;.');
        return character;
      },
    );
  }

  private skipMisc(): void {
    do this.take(/\s*/y);
    while (this.skipComment() || (this.skip('<?') && this.through('?>') !== undefined));
  }

  private skipComment(): boolean {
    if (!this.skip('<!--')) return false;
    this.through('-->');
    return true;
  }

  private through(end: string): string {
    const found = this.text.indexOf(end, this.at);
    if (found < 0) throw this.error(`"${end}" is missing.`);
    const text = this.text.slice(this.at, found);
    this.at = found + end.length;
    return text;
  }

  private skip(literal: string): boolean {
    if (!this.text.startsWith(literal, this.at)) return false;
    this.at += literal.length;
    return true;
  }

  private take(sticky: RegExp): string {
    sticky.lastIndex = this.at;
    const match = sticky.exec(this.text)?.[0] ?? '';
    this.at += match.length;
    return match;
  }

  /** Asked for in the order of the text, so that each line is counted once. */
  private position(offset: number): { line: number; column: number } {
    for (let end = this.text.indexOf('\n', this.lineStart); end >= 0 && end < offset; ) {
      this.line++;
      this.lineStart = end + 1;
      end = this.text.indexOf('\n', this.lineStart);
    }
    return { line: this.line, column: offset - this.lineStart + 1 };
  }

  private error(problem: string): PolicyError {
    return new PolicyError(this.open, problem);
  }
}
