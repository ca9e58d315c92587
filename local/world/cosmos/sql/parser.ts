/** Recursive-descent parser of the Cosmos DB query grammar. https://learn.microsoft.com/azure/cosmos-db/nosql/query/ */
import { badRequest, type CosmosError } from '../errors.js';
import type { Expression, Query, Select, Source, Value } from './ast.js';
import { type Token, tokenize } from './lexer.js';

/** Deepest nesting of expressions: far beyond any real query, well inside the stack. */
const NESTING_MAX = 200;

/** Most joins in one query. https://learn.microsoft.com/azure/cosmos-db/concepts-limits#sql-query-limits */
const JOINS_MAX = 10;

/** Binary operators from the loosest to the tightest level; comparisons have a level of their own between 1 and 2. */
const BINARY_LEVELS: readonly (readonly string[])[] = [
  ['??'],
  ['OR'],
  ['AND'],
  ['=', '!=', '<>', '<', '<=', '>', '>='],
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>', '>>>'],
  ['||'],
  ['+', '-'],
  ['*', '/', '%'],
];
const COMPARISON_LEVEL = 3;
const COMPARISON_WORDS = ['NOT', 'IN', 'BETWEEN', 'LIKE'];

/** Parses a query. Throws a 400 that names the position and the token. */
export function parseQuery(text: string): Query {
  const parser = new Parser(tokenize(text));
  const query = parser.query();
  parser.end();
  return query;
}

/** Parses the `condition` of a patch: a query without its SELECT, such as `from c where c.taskNum = 3`. */
export function parseCondition(text: string): Query {
  return parseQuery(`SELECT * ${text}`);
}

class Parser {
  private position = 0;
  private depth = 0;

  constructor(private readonly tokens: Token[]) {}

  query(): Query {
    this.expect('SELECT');
    const distinct = this.accept('DISTINCT');
    const top = this.accept('TOP') ? this.primary() : undefined;
    const select = this.select();
    const from = this.accept('FROM') ? this.sources() : [];
    const where = this.accept('WHERE') ? this.expression() : undefined;
    const groupBy = this.acceptBoth('GROUP', 'BY') ? this.list(() => this.expression()) : [];
    const orderBy = this.acceptBoth('ORDER', 'BY') ? this.list(() => this.orderKey()) : [];
    const offset = this.accept('OFFSET') ? this.primary() : undefined;
    if (offset) this.expect('LIMIT');
    const limit = offset ? this.primary() : undefined;
    return { distinct, top, select, from, where, groupBy, orderBy, offset, limit };
  }

  end(): void {
    if (this.token.kind !== 'end') throw this.unexpected();
  }

  private select(): Select {
    if (this.accept('*')) return { kind: 'star' };
    if (this.accept('VALUE')) return { kind: 'value', expression: this.expression() };
    return {
      kind: 'list',
      items: this.list(() => ({ expression: this.expression(), alias: this.alias() })),
    };
  }

  private alias(): string | undefined {
    if (this.accept('AS')) return this.name();
    return this.token.kind === 'name' ? this.name() : undefined;
  }

  private sources(): Source[] {
    const sources = [this.source()];
    while (this.accept('JOIN')) sources.push(this.source());
    if (sources.length > JOINS_MAX + 1) throw badRequest(`The query has more than ${JOINS_MAX} joins.`);
    return sources;
  }

  private source(): Source {
    if (this.token.kind === 'name' && this.peekIs('IN')) {
      const alias = this.name();
      this.expect('IN');
      return { alias, collection: this.collection(), each: true };
    }
    const collection = this.collection();
    const alias = this.alias() ?? lastName(collection);
    if (alias === undefined) throw badRequest('A subquery in FROM or JOIN needs an alias.');
    return { alias, collection, each: false };
  }

  private collection(): Source['collection'] {
    if (!this.is('(')) return this.postfix({ kind: 'name', name: this.name() });
    this.expect('(');
    const query = this.query();
    this.expect(')');
    return { kind: 'query', query };
  }

  private orderKey(): Query['orderBy'][number] {
    const expression = this.expression();
    const descending = this.accept('DESC');
    if (!descending) this.accept('ASC');
    return { expression, descending };
  }

  private expression(): Expression {
    if (++this.depth > NESTING_MAX) throw badRequest(`The query nests expressions deeper than ${NESTING_MAX}.`);
    const test = this.binary(0);
    let result = test;
    if (this.accept('?')) {
      const then = this.expression();
      this.expect(':');
      result = { kind: 'conditional', test, then, otherwise: this.expression() };
    }
    this.depth--;
    return result;
  }

  private binary(level: number): Expression {
    const operators = BINARY_LEVELS[level];
    if (!operators) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      const operator = operators.find((each) => this.is(each));
      if (operator !== undefined) {
        this.position++;
        left = { kind: 'binary', operator: operator === '<>' ? '!=' : operator, left, right: this.binary(level + 1) };
      } else if (level === COMPARISON_LEVEL && COMPARISON_WORDS.some((word) => this.is(word))) {
        left = this.wordComparison(left);
      } else return left;
    }
  }

  private wordComparison(value: Expression): Expression {
    const negated = this.accept('NOT');
    const comparison = this.membership(value);
    return negated ? { kind: 'unary', operator: 'NOT', operand: comparison } : comparison;
  }

  private membership(value: Expression): Expression {
    if (this.accept('IN')) {
      this.expect('(');
      const list = this.list(() => this.expression());
      this.expect(')');
      return { kind: 'in', value, list };
    }
    if (this.accept('BETWEEN')) {
      const low = this.binary(COMPARISON_LEVEL + 1);
      this.expect('AND');
      return { kind: 'between', value, low, high: this.binary(COMPARISON_LEVEL + 1) };
    }
    this.expect('LIKE');
    const pattern = this.binary(COMPARISON_LEVEL + 1);
    return { kind: 'like', value, pattern, escape: this.accept('ESCAPE') ? this.take('string').text : undefined };
  }

  private unary(): Expression {
    const operator = ['NOT', '-', '+', '~'].find((each) => this.is(each));
    if (operator === undefined) return this.postfix(this.primary());
    if (++this.depth > NESTING_MAX) throw badRequest(`The query nests expressions deeper than ${NESTING_MAX}.`);
    this.position++;
    const operand = this.unary();
    this.depth--;
    if (operator === 'NOT' && this.isComparison())
      throw badRequest(
        `Syntax error at position ${this.token.at}: NOT binds tighter than '${this.token.text}'; ` +
          'write NOT (…) to negate the comparison.',
      );
    return { kind: 'unary', operator, operand };
  }

  private isComparison(): boolean {
    return [...BINARY_LEVELS[COMPARISON_LEVEL]!, ...COMPARISON_WORDS].some((each) => this.is(each));
  }

  private postfix(expression: Expression): Expression {
    let target = expression;
    for (;;) {
      if (this.accept('.')) {
        target = { kind: 'member', target, property: { kind: 'literal', value: this.name() } };
      } else if (this.accept('[')) {
        target = { kind: 'member', target, property: this.expression() };
        this.expect(']');
      } else return target;
    }
  }

  private primary(): Expression {
    const token = this.token;
    if (token.kind === 'number') return this.literal(Number(token.text));
    if (token.kind === 'string') return this.literal(token.text);
    if (token.kind === 'parameter') {
      this.position++;
      return { kind: 'parameter', name: token.text };
    }
    if (token.kind === 'name') {
      const name = this.name();
      return this.is('(') ? this.call(name) : { kind: 'name', name };
    }
    return token.kind === 'keyword' ? this.keyword(token) : this.bracketed();
  }

  private keyword(token: Token): Expression {
    if (token.text === 'TRUE') return this.literal(true);
    if (token.text === 'FALSE') return this.literal(false);
    if (token.text === 'NULL') return this.literal(null);
    if (token.text === 'UNDEFINED') return this.literal(undefined);
    if (token.text === 'UDF') throw badRequest('User-defined functions are not supported by this server.');
    if (token.text !== 'EXISTS' && token.text !== 'ARRAY') throw this.unexpected();
    this.position++;
    this.expect('(');
    const query = this.query();
    this.expect(')');
    return { kind: 'subquery', use: token.text === 'EXISTS' ? 'exists' : 'array', query };
  }

  private bracketed(): Expression {
    if (this.accept('(')) {
      const inner: Expression = this.is('SELECT')
        ? { kind: 'subquery', use: 'scalar', query: this.query() }
        : this.expression();
      this.expect(')');
      return inner;
    }
    if (this.accept('[')) {
      const items = this.is(']') ? [] : this.list(() => this.expression());
      this.expect(']');
      return { kind: 'array', items };
    }
    this.expect('{');
    const entries = this.is('}') ? [] : this.list(() => this.objectEntry());
    this.expect('}');
    return { kind: 'object', entries };
  }

  private objectEntry(): [string, Expression] {
    const name = this.token.kind === 'string' ? this.take('string').text : this.name();
    this.expect(':');
    return [name, this.expression()];
  }

  private call(name: string): Expression {
    this.expect('(');
    const args = this.is(')') ? [] : this.list(() => this.expression());
    this.expect(')');
    return { kind: 'call', name: name.toUpperCase(), arguments: args };
  }

  private literal(value: Value): Expression {
    this.position++;
    return { kind: 'literal', value };
  }

  private list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.accept(',')) items.push(item());
    return items;
  }

  private get token(): Token {
    return this.tokens[Math.min(this.position, this.tokens.length - 1)]!;
  }

  private is(text: string, token = this.token): boolean {
    return (token.kind === 'keyword' || token.kind === 'symbol') && token.text === text;
  }

  private peekIs(text: string): boolean {
    return this.is(text, this.tokens[this.position + 1] ?? this.token);
  }

  private accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.position++;
    return true;
  }

  private acceptBoth(first: string, second: string): boolean {
    if (!this.accept(first)) return false;
    this.expect(second);
    return true;
  }

  private expect(text: string): void {
    if (!this.accept(text)) throw this.unexpected(`expected '${text}'`);
  }

  private take(kind: Token['kind']): Token {
    if (this.token.kind !== kind) throw this.unexpected(`expected a ${kind}`);
    return this.tokens[this.position++]!;
  }

  private name(): string {
    return this.take('name').text;
  }

  private unexpected(hint?: string): CosmosError {
    const { kind, text, at } = this.token;
    const reserved =
      kind === 'keyword' ? ` ('${text}' is reserved: as a property write c["${text.toLowerCase()}"])` : '';
    return badRequest(
      `Syntax error at position ${at}, incorrect syntax near '${text}'${hint ? `, ${hint}` : ''}${reserved}.`,
    );
  }
}

/** `FROM c.children` is called `children`; `FROM c` is called `c`. */
function lastName(collection: Source['collection']): string | undefined {
  if (collection.kind === 'name') return collection.name;
  const property = collection.kind === 'member' ? collection.property : undefined;
  return property?.kind === 'literal' && typeof property.value === 'string' ? property.value : undefined;
}
