/**
 * A small reader of Bicep for tests: tokens, then declarations with their decorators and bodies. Literals become plain values; any other
 * expression stays text, which `evaluate` can resolve as far as names and interpolations go. It reads what this repository writes and trusts
 * that it compiles: mistakes are the compiler's to find.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Token, tokenize } from './bicep-tokens.js';

/** Text of an expression that is not a literal. */
export class Expression {
  constructor(readonly text: string) {}
}
/** `[for item in list: body]`. */
export class Loop {
  constructor(
    readonly variable: string,
    readonly list: Value,
    readonly body: Value,
  ) {}
}
export type Value = string | number | boolean | null | Value[] | Record_ | Expression | Loop;
export interface Record_ {
  [key: string]: Value;
}

export interface Declaration {
  kind: string;
  name: string;
  line: number;
  /** Type of a parameter or output, `type@version` of a resource, path of a module. */
  type: string;
  existing: boolean;
  /** Condition of an `if`, as text. */
  condition?: string;
  /** Absent for a parameter without default. A loop for a resource or module that is repeated. */
  value?: Value;
  /** Arguments by decorator, as text. */
  decorators: Record<string, string>;
}

export interface BicepFile {
  /** Path below `bicep/`. */
  file: string;
  text: string;
  declarations: Declaration[];
  of(kind: string): Declaration[];
}

/** Every `.bicep` and `.bicepparam` file below a folder. */
export function readBicepFolder(folder: string): BicepFile[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.bicep(param)?$/.test(name),
  );
  return names.sort().map((file) => parseBicep(file, readFileSync(path.join(folder, file), 'utf8')));
}

export function parseBicep(file: string, text: string): BicepFile {
  const declarations = new Parser(tokenize(text)).declarations();
  return { file, text, declarations, of: (kind) => declarations.filter((one) => one.kind === kind) };
}

export interface Placed {
  file: string;
  declaration: Declaration;
  body: Record_;
}

/** Every resource of a type that a folder deploys (not those that exist already). */
export const resourcesOf = (files: BicepFile[], type: string): Placed[] =>
  files.flatMap(({ file, of }) =>
    of('resource')
      .filter((one) => !one.existing && one.type.split('@')[0] === type)
      .map((declaration) => ({ file, declaration, body: bodyOf(declaration) })),
  );

/** The body of a resource or module, without the loop around it. */
export const bodyOf = ({ value }: Declaration): Record_ => (value instanceof Loop ? value.body : value) as Record_;

/** Value at a dotted path; undefined where there is none. */
export function at(value: Value | undefined, dotted: string): Value | undefined {
  return dotted
    .split('.')
    .reduce<Value | undefined>(
      (inner, key) =>
        inner !== null && typeof inner === 'object' && !(inner instanceof Expression)
          ? (inner as Record_)[key]
          : undefined,
      value,
    );
}

/** Replaces names, member access and interpolations by what `scope` knows, and unrolls loops. What stays unknown stays an `Expression`. */
export function evaluate(value: Value, scope: Record_): Value {
  if (Array.isArray(value)) return value.map((item) => evaluate(item, scope));
  if (value instanceof Loop) {
    const list = evaluate(value.list, scope);
    if (!Array.isArray(list)) return value;
    return list.map((item) => evaluate(value.body, { ...scope, [value.variable]: item }));
  }
  if (value instanceof Expression) return resolve(value, scope);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, evaluate(inner, scope)]));
}

function resolve(expression: Expression, scope: Record_): Value {
  const { text } = expression;
  if (/^[A-Za-z_][\w.]*$/.test(text)) {
    const found = at(scope, text);
    return found === undefined ? expression : evaluate(found, scope);
  }
  if (!/^'(?:[^'$]|\$\{[\w.]+\})*'$/.test(text)) return expression;
  const parts = [...text.matchAll(/\$\{([\w.]+)\}/g)].map((match) => resolve(new Expression(match[1]!), scope));
  if (parts.some((part) => typeof part === 'object')) return expression;
  return text.slice(1, -1).replace(/\$\{[\w.]+\}/g, () => String(parts.shift()));
}

const OPEN = ['{', '[', '('];
const CLOSE = ['}', ']', ')'];
/** Where one of these ends a line, or starts the next one, the line break does not end the expression. */
const JOINS_AFTER = ['|', '&&', '||', '??', '==', '=', '=>', '+'];
const JOINS_BEFORE = ['?', ':', ...JOINS_AFTER];

class Parser {
  private index = 0;
  constructor(private readonly tokens: Token[]) {}

  declarations(): Declaration[] {
    const found: Declaration[] = [];
    for (this.skipNewlines(); this.peek(); this.skipNewlines()) found.push(this.declaration());
    return found;
  }

  private declaration(): Declaration {
    const decorators: Record<string, string> = {};
    while (this.peek()!.text === '@') {
      const [, name, , ...rest] = this.take(this.endOfLine());
      decorators[name!.text] = rest
        .slice(0, -1)
        .map(({ text }) => text)
        .join('');
      this.skipNewlines();
    }
    const { text: kind, line } = this.next();
    const name = kind === 'targetScope' ? kind : this.peek()!.text === '{' ? this.raw() : this.next().text;
    const type = this.raw(['=']);
    const declaration = { kind, name, line, type: type.replace(/ ?existing$/, '').replace(/^'|'$/g, ''), decorators };
    const existing = type.endsWith('existing');
    if (this.peek()?.text !== '=') return { ...declaration, existing };
    this.next();
    this.skipNewlines();
    return { ...declaration, existing, condition: this.condition(), value: this.value() };
  }

  private condition(): string | undefined {
    if (this.peek()?.text !== 'if') return undefined;
    this.next();
    this.next();
    const text = this.raw([')']);
    this.next();
    return text;
  }

  private value(): Value {
    const start = this.index;
    const literal = this.literal();
    if (literal !== undefined && this.isEnd()) return literal;
    this.index = start;
    return new Expression(this.raw([',']));
  }

  private literal(): Value | undefined {
    const { kind, text } = this.next();
    if (text === '{') return this.object();
    if (text === '[') this.skipNewlines();
    if (text === '[') return this.peek()!.text === 'for' ? this.loop() : this.array();
    if (kind === 'number') return Number(text);
    if (text === 'true' || text === 'false') return text === 'true';
    if (text === 'null') return null;
    if (kind === 'string' && !text.includes('${')) return text.slice(1, -1).replaceAll("\\'", "'");
    return undefined;
  }

  private object(): Record_ {
    const result: Record_ = {};
    for (this.skipSeparators(); this.peek()!.text !== '}'; this.skipSeparators()) {
      if (this.peek()!.text === '...') result[`...${this.index}`] = new Expression(this.raw([',']));
      else {
        const key = this.next().text.replace(/^'|'$/g, '');
        this.next();
        this.skipNewlines();
        result[key] = this.value();
      }
    }
    this.next();
    return result;
  }

  private array(): Value[] {
    const result: Value[] = [];
    for (this.skipSeparators(); this.peek()!.text !== ']'; this.skipSeparators()) result.push(this.value());
    this.next();
    return result;
  }

  private loop(): Loop {
    this.next();
    const variable = this.raw(['in']);
    this.next();
    const list = this.raw([':']);
    this.next();
    this.skipNewlines();
    this.condition();
    const body = this.value();
    this.skipSeparators();
    this.next();
    return new Loop(variable.replace(/[() ]/g, '').split(',')[0]!, new Expression(list), body);
  }

  /** Text up to the end of the expression, or up to one of `stops` outside of all brackets. */
  private raw(stops: string[] = []): string {
    let text = '';
    for (let depth = 0, before: Token | undefined; this.peek(); before = this.next()) {
      const { text: now, kind } = this.peek()!;
      if (depth === 0 && (stops.includes(now) || (CLOSE.includes(now) && kind === 'symbol'))) break;
      if (depth === 0 && kind === 'newline' && !this.continues(before)) break;
      if (OPEN.includes(now)) depth++;
      if (CLOSE.includes(now)) depth--;
      const isSpaced = before && /\w$|'$/.test(before.text) && /^\w|^'/.test(now);
      if (kind !== 'newline') text += (isSpaced ? ' ' : '') + now;
    }
    return text;
  }

  private continues(before: Token | undefined): boolean {
    const after = this.tokens[this.index + 1];
    return JOINS_AFTER.includes(before?.text ?? '') || JOINS_BEFORE.includes(after?.text ?? '');
  }

  private isEnd(): boolean {
    const token = this.peek();
    return !token || [',', ...CLOSE].includes(token.text) || (token.kind === 'newline' && !this.continues(undefined));
  }

  private endOfLine(): number {
    const end = this.tokens.findIndex(({ kind }, index) => index >= this.index && kind === 'newline');
    return end - this.index;
  }

  private take(count: number): Token[] {
    this.index += count;
    return this.tokens.slice(this.index - count, this.index);
  }

  private skipSeparators(): void {
    while (this.peek()?.kind === 'newline' || this.peek()?.text === ',') this.index++;
  }
  private skipNewlines(): void {
    while (this.peek()?.kind === 'newline') this.index++;
  }
  private peek = (): Token | undefined => this.tokens[this.index];
  private next = (): Token => this.tokens[this.index++]!;
}
