/**
 * The expression grammar that SQL filters and SQL actions share: AND/OR/NOT, comparison, LIKE, IN, IS NULL, EXISTS,
 * arithmetic, `newid()` and `property()`, system and user properties. Logic has three values, as in the service: what
 * involves a missing property is unknown.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-filter
 */
import { randomUUID } from 'node:crypto';
import type { SystemField } from '../engine/message.js';
import { SqlFilterError, type Token, tokenize } from './sql-tokens.js';
import { type Expression, toValue, type Value } from './values.js';

type Known = NonNullable<Value>;

/** A property that an expression reads, or an action changes. */
export type PropertyName = { system: SystemField } | { user: string };

/** In lower case: system property names are not case-sensitive. */
const SYSTEM_PROPERTIES: Record<string, SystemField> = {
  contenttype: 'contentType',
  correlationid: 'correlationId',
  label: 'subject',
  subject: 'subject',
  messageid: 'messageId',
  replyto: 'replyTo',
  replytosessionid: 'replyToSessionId',
  sessionid: 'sessionId',
  to: 'to',
};

const COMPARISONS: Record<string, (left: Known, right: Known) => boolean> = {
  '=': (left, right) => left === right,
  '<>': (left, right) => left !== right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

const SUMS: Record<string, (left: number, right: number) => number> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
};

const PRODUCTS: Record<string, (left: number, right: number) => number> = {
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
};

/** Words that cannot be the name of a property unless it is quoted. */
const KEYWORDS = new Set(['AND', 'OR', 'NOT', 'LIKE', 'ESCAPE', 'IN', 'IS', 'NULL', 'EXISTS', 'TRUE', 'FALSE']);

export class SqlParser {
  private readonly tokens: Token[];
  private position = 0;

  /** @throws SqlFilterError when the text holds what is no token, or is too long. */
  constructor(private readonly text: string) {
    this.tokens = tokenize(text);
  }

  get isAtEnd(): boolean {
    return this.position === this.tokens.length;
  }

  /** @throws SqlFilterError naming the place of the first thing that is wrong, as do all the others. */
  parseExpression(): Expression {
    return this.parseOr();
  }

  /** `sys.Label`, `user.colour`, `colour`, `[a colour]`: without a scope it is the user's. */
  parseProperty(): PropertyName {
    const first = this.expectName();
    if (!this.acceptSymbol('.')) return { user: first };
    const name = this.expectName();
    if (first.toLowerCase() === 'user') return { user: name };
    const system = SYSTEM_PROPERTIES[name.toLowerCase()];
    if (first.toLowerCase() === 'sys' && system) return { system };
    this.position--;
    throw this.unexpected(`user.<name> or sys.<${Object.keys(SYSTEM_PROPERTIES).join('|')}>`);
  }

  expectSymbol(text: string): void {
    if (!this.acceptSymbol(text)) throw this.unexpected(`"${text}"`);
  }

  acceptSymbol(text: string): boolean {
    const token = this.tokens[this.position];
    if (token?.kind !== 'symbol' || token.text !== text) return false;
    this.position++;
    return true;
  }

  acceptWord(word: string): boolean {
    const token = this.tokens[this.position];
    if (token?.kind !== 'word' || token.text.toUpperCase() !== word) return false;
    this.position++;
    return true;
  }

  unexpected(wanted: string): SqlFilterError {
    const at = this.tokens[this.position]?.at ?? this.text.length;
    return new SqlFilterError(this.text, at, `Expected ${wanted}`);
  }

  private parseOr(): Expression {
    let left = this.parseAnd();
    while (this.acceptWord('OR')) left = or(left, this.parseAnd());
    return left;
  }

  private parseAnd(): Expression {
    let left = this.parseNot();
    while (this.acceptWord('AND')) left = and(left, this.parseNot());
    return left;
  }

  private parseNot(): Expression {
    return this.acceptWord('NOT') ? not(this.parseNot()) : this.parsePredicate();
  }

  private parsePredicate(): Expression {
    const operand = this.parseSum();
    if (this.acceptWord('IS')) return this.parseIsNull(operand);
    const isNegated = this.acceptWord('NOT');
    if (this.acceptWord('LIKE')) return isNegated ? not(this.parseLike(operand)) : this.parseLike(operand);
    if (this.acceptWord('IN')) return isNegated ? not(this.parseIn(operand)) : this.parseIn(operand);
    if (isNegated) throw this.unexpected('LIKE or IN');
    return this.parseComparison(operand);
  }

  private parseComparison(left: Expression): Expression {
    const compare = this.acceptOneOf(COMPARISONS);
    if (!compare) return left;
    const right = this.parseSum();
    return (fields) => {
      const [leftValue, rightValue] = [left(fields), right(fields)];
      if (leftValue === undefined || typeof leftValue !== typeof rightValue) return undefined;
      return compare(leftValue, rightValue!);
    };
  }

  private parseIsNull(operand: Expression): Expression {
    const isNegated = this.acceptWord('NOT');
    if (!this.acceptWord('NULL')) throw this.unexpected('NULL');
    return (fields) => (operand(fields) === undefined) !== isNegated;
  }

  private parseIn(operand: Expression): Expression {
    this.expectSymbol('(');
    const choices = [this.parseSum()];
    while (this.acceptSymbol(',')) choices.push(this.parseSum());
    this.expectSymbol(')');
    return (fields) => {
      const value = operand(fields);
      return value === undefined ? undefined : choices.some((choice) => choice(fields) === value);
    };
  }

  private parseLike(operand: Expression): Expression {
    const pattern = this.expectString();
    const escapeWith = this.acceptWord('ESCAPE') ? this.expectString() : undefined;
    const matcher = likeToRegExp(pattern, escapeWith);
    return (fields) => {
      const value = operand(fields);
      return typeof value === 'string' ? matcher.test(value) : undefined;
    };
  }

  private parseSum(): Expression {
    let left = this.parseProduct();
    for (let sum = this.acceptOneOf(SUMS); sum; sum = this.acceptOneOf(SUMS)) {
      left = compute(left, this.parseProduct(), sum);
    }
    return left;
  }

  private parseProduct(): Expression {
    let left = this.parseSigned();
    for (let product = this.acceptOneOf(PRODUCTS); product; product = this.acceptOneOf(PRODUCTS)) {
      left = compute(left, this.parseSigned(), product);
    }
    return left;
  }

  private parseSigned(): Expression {
    const sign = this.acceptOneOf(SUMS);
    return sign ? compute(() => 0, this.parseSigned(), sign) : this.parsePrimary();
  }

  private parsePrimary(): Expression {
    const token = this.tokens[this.position];
    if (this.acceptSymbol('(')) {
      const inner = this.parseOr();
      this.expectSymbol(')');
      return inner;
    }
    if (this.acceptWord('EXISTS')) return this.parseExists();
    if (token?.kind === 'string') return this.constant(token.text);
    if (token?.kind === 'number') return this.constant(token.value);
    if (this.acceptWord('TRUE')) return () => true;
    if (this.acceptWord('FALSE')) return () => false;
    if (this.acceptWord('NULL')) return () => undefined;
    return this.parseFunction() ?? read(this.parseProperty());
  }

  private parseExists(): Expression {
    this.expectSymbol('(');
    const property = read(this.parseProperty());
    this.expectSymbol(')');
    return (fields) => property(fields) !== undefined;
  }

  /** `newid()` is a new uuid; `property(name)` or `p(name)` reads the user property of that computed name. */
  private parseFunction(): Expression | undefined {
    const [name, bracket] = this.tokens.slice(this.position, this.position + 2);
    if (name?.kind !== 'word' || bracket?.kind !== 'symbol' || bracket.text !== '(') return undefined;
    const isNewId = name.text.toLowerCase() === 'newid';
    if (!isNewId && !/^p(roperty)?$/i.test(name.text)) throw this.unexpected('newid() or property(<name>)');
    this.position += 2;
    const argument = isNewId ? undefined : this.parseSum();
    this.expectSymbol(')');
    if (!argument) return () => randomUUID();
    return (fields) => toValue(fields.applicationProperties[String(argument(fields))]);
  }

  private constant(value: Value): Expression {
    this.position++;
    return () => value;
  }

  private expectName(): string {
    const token = this.tokens[this.position];
    const isName = token?.kind === 'name' || (token?.kind === 'word' && !KEYWORDS.has(token.text.toUpperCase()));
    if (!token || !isName) throw this.unexpected('a property name');
    this.position++;
    return token.text as string;
  }

  private expectString(): string {
    const token = this.tokens[this.position];
    if (token?.kind !== 'string') throw this.unexpected("a string in '...'");
    this.position++;
    return token.text;
  }

  private acceptOneOf<Operator>(operators: Record<string, Operator>): Operator | undefined {
    const token = this.tokens[this.position];
    const operator = token?.kind === 'symbol' ? operators[token.text] : undefined;
    if (operator) this.position++;
    return operator;
  }
}

function read(property: PropertyName): Expression {
  if ('system' in property) return (fields) => toValue(fields[property.system]);
  return (fields) => toValue(fields.applicationProperties[property.user]);
}

/** Numbers, and `+` also joins strings; anything else is unknown. */
function compute(left: Expression, right: Expression, operate: (left: number, right: number) => number): Expression {
  return (fields) => {
    const [leftValue, rightValue] = [left(fields), right(fields)];
    if (typeof leftValue === 'number' && typeof rightValue === 'number') return operate(leftValue, rightValue);
    const areStrings = typeof leftValue === 'string' && typeof rightValue === 'string';
    return areStrings && operate === SUMS['+'] ? leftValue + rightValue : undefined;
  };
}

function truth(expression: Expression): (...arguments_: Parameters<Expression>) => boolean | undefined {
  return (fields) => {
    const value = expression(fields);
    return typeof value === 'boolean' ? value : undefined;
  };
}

function and(left: Expression, right: Expression): Expression {
  const [leftOf, rightOf] = [truth(left), truth(right)];
  return (fields) => {
    const [leftTruth, rightTruth] = [leftOf(fields), rightOf(fields)];
    if (leftTruth === false || rightTruth === false) return false;
    return leftTruth && rightTruth;
  };
}

function or(left: Expression, right: Expression): Expression {
  const [leftOf, rightOf] = [truth(left), truth(right)];
  return (fields) => {
    const [leftTruth, rightTruth] = [leftOf(fields), rightOf(fields)];
    if (leftTruth === true || rightTruth === true) return true;
    return leftTruth === undefined || rightTruth === undefined ? undefined : false;
  };
}

function not(operand: Expression): Expression {
  const truthOf = truth(operand);
  return (fields) => {
    const value = truthOf(fields);
    return value === undefined ? undefined : !value;
  };
}

/** `%` is any text, `_` any character; the escape character makes the next one literal. */
function likeToRegExp(pattern: string, escapeWith: string | undefined): RegExp {
  let source = '';
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index]!;
    if (character === escapeWith) source += literal(pattern[++index] ?? '');
    else if (character === '%') source += '.*';
    else if (character === '_') source += '.';
    else source += literal(character);
  }
  return new RegExp(`^${source}$`, 's');
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');
}
