/**
 * SQL filters of subscriptions: comparison, AND/OR/NOT, LIKE, IN, IS NULL, EXISTS, system and user properties,
 * parentheses. Logic has three values, as in the service: what involves a missing property is unknown, and only true
 * matches.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-filter
 */
import type { MessageFields } from '../engine/message.js';
import type { RuleFilter } from '../engine/topic.js';
import { SqlFilterError, type Token, tokenize } from './sql-tokens.js';

type Value = string | number | boolean | undefined;
type Truth = boolean | undefined;
type Operand = (fields: MessageFields) => Value;
type Condition = (fields: MessageFields) => Truth;

/** In lower case: system property names are not case-sensitive. */
const SYSTEM_PROPERTIES: Record<string, keyof MessageFields> = {
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

const COMPARISONS: Record<string, (left: string | number | boolean, right: string | number | boolean) => boolean> = {
  '=': (left, right) => left === right,
  '<>': (left, right) => left !== right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

/** Words that cannot be the name of a property unless it is quoted. */
const KEYWORDS = new Set(['AND', 'OR', 'NOT', 'LIKE', 'ESCAPE', 'IN', 'IS', 'NULL', 'EXISTS', 'TRUE', 'FALSE']);

/** @throws SqlFilterError naming the place of the first thing that is wrong or not supported. */
export function sqlFilter(expression: string): RuleFilter {
  const condition = new Parser(expression).parse();
  return (fields) => condition(fields) === true;
}

class Parser {
  private readonly tokens: Token[];
  private position = 0;

  constructor(private readonly expression: string) {
    this.tokens = tokenize(expression);
  }

  parse(): Condition {
    const condition = this.parseOr();
    if (this.position < this.tokens.length) throw this.unexpected('the end');
    return condition;
  }

  private parseOr(): Condition {
    let left = this.parseAnd();
    while (this.acceptWord('OR')) left = or(left, this.parseAnd());
    return left;
  }

  private parseAnd(): Condition {
    let left = this.parseNot();
    while (this.acceptWord('AND')) left = and(left, this.parseNot());
    return left;
  }

  private parseNot(): Condition {
    return this.acceptWord('NOT') ? not(this.parseNot()) : this.parsePredicate();
  }

  private parsePredicate(): Condition {
    if (this.acceptSymbol('(')) {
      const inner = this.parseOr();
      this.expectSymbol(')');
      return inner;
    }
    if (this.acceptWord('EXISTS')) return this.parseExists();
    const operand = this.parseOperand();
    if (this.acceptWord('IS')) return this.parseIsNull(operand);
    const isNegated = this.acceptWord('NOT');
    if (this.acceptWord('LIKE')) return isNegated ? not(this.parseLike(operand)) : this.parseLike(operand);
    if (this.acceptWord('IN')) return isNegated ? not(this.parseIn(operand)) : this.parseIn(operand);
    if (isNegated) throw this.unexpected('LIKE or IN');
    return this.parseComparison(operand);
  }

  private parseComparison(left: Operand): Condition {
    const token = this.tokens[this.position];
    const compare = token?.kind === 'symbol' ? COMPARISONS[token.text] : undefined;
    // A bare TRUE, FALSE or boolean property is a condition of its own.
    if (!compare) return (fields) => toTruth(left(fields));
    this.position++;
    const right = this.parseOperand();
    return (fields) => {
      const [leftValue, rightValue] = [left(fields), right(fields)];
      if (leftValue === undefined || typeof leftValue !== typeof rightValue) return undefined;
      return compare(leftValue, rightValue!);
    };
  }

  private parseExists(): Condition {
    this.expectSymbol('(');
    const property = this.parseProperty();
    this.expectSymbol(')');
    return (fields) => property(fields) !== undefined;
  }

  private parseIsNull(operand: Operand): Condition {
    const isNegated = this.acceptWord('NOT');
    if (!this.acceptWord('NULL')) throw this.unexpected('NULL');
    return (fields) => (operand(fields) === undefined) !== isNegated;
  }

  private parseIn(operand: Operand): Condition {
    this.expectSymbol('(');
    const choices = [this.parseOperand()];
    while (this.acceptSymbol(',')) choices.push(this.parseOperand());
    this.expectSymbol(')');
    return (fields) => {
      const value = operand(fields);
      return value === undefined ? undefined : choices.some((choice) => choice(fields) === value);
    };
  }

  private parseLike(operand: Operand): Condition {
    const pattern = this.expectString();
    const escapeWith = this.acceptWord('ESCAPE') ? this.expectString() : undefined;
    const matcher = likeToRegExp(pattern, escapeWith);
    return (fields) => {
      const value = operand(fields);
      return typeof value === 'string' ? matcher.test(value) : undefined;
    };
  }

  private parseOperand(): Operand {
    const token = this.tokens[this.position];
    if (token?.kind === 'string') return this.constant(token.text);
    if (token?.kind === 'number') return this.constant(token.value);
    if (token?.kind === 'word' && /^(true|false)$/i.test(token.text)) {
      return this.constant(token.text.toLowerCase() === 'true');
    }
    if (token?.kind === 'symbol' && (token.text === '-' || token.text === '+')) return this.parseSigned();
    return this.parseProperty();
  }

  private parseSigned(): Operand {
    const isNegative = this.acceptSymbol('-') || !this.acceptSymbol('+');
    const token = this.tokens[this.position];
    if (token?.kind !== 'number') throw this.unexpected('a number');
    return this.constant(isNegative ? -token.value : token.value);
  }

  private constant(value: Value): Operand {
    this.position++;
    return () => value;
  }

  /** `sys.Label`, `user.colour`, `colour`, `[a colour]`: without a scope it is the user's. */
  private parseProperty(): Operand {
    const first = this.expectName();
    if (!this.acceptSymbol('.')) return userProperty(first);
    const name = this.expectName();
    if (first.toLowerCase() === 'user') return userProperty(name);
    const field = SYSTEM_PROPERTIES[name.toLowerCase()];
    if (first.toLowerCase() !== 'sys' || !field) {
      this.position--;
      throw this.unexpected(`user.<name> or sys.<${Object.keys(SYSTEM_PROPERTIES).join('|')}>`);
    }
    return (fields) => toValue(fields[field]);
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

  private expectSymbol(text: string): void {
    if (!this.acceptSymbol(text)) throw this.unexpected(`"${text}"`);
  }

  private acceptSymbol(text: string): boolean {
    const token = this.tokens[this.position];
    if (token?.kind !== 'symbol' || token.text !== text) return false;
    this.position++;
    return true;
  }

  private acceptWord(word: string): boolean {
    const token = this.tokens[this.position];
    if (token?.kind !== 'word' || token.text.toUpperCase() !== word) return false;
    this.position++;
    return true;
  }

  private unexpected(wanted: string): SqlFilterError {
    return new SqlFilterError(
      this.expression,
      this.tokens[this.position]?.at ?? this.expression.length,
      `Expected ${wanted}`,
    );
  }
}

function userProperty(name: string): Operand {
  return (fields) => toValue(fields.applicationProperties[name]);
}

/** Times compare as milliseconds; values that cannot be compared count as missing. */
function toValue(raw: unknown): Value {
  if (raw instanceof Date) return raw.getTime();
  if (Buffer.isBuffer(raw)) return raw.toString('hex');
  return typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'boolean' ? raw : undefined;
}

function toTruth(value: Value): Truth {
  return typeof value === 'boolean' ? value : undefined;
}

function and(left: Condition, right: Condition): Condition {
  return (fields) => {
    const [leftTruth, rightTruth] = [left(fields), right(fields)];
    if (leftTruth === false || rightTruth === false) return false;
    return leftTruth && rightTruth;
  };
}

function or(left: Condition, right: Condition): Condition {
  return (fields) => {
    const [leftTruth, rightTruth] = [left(fields), right(fields)];
    if (leftTruth === true || rightTruth === true) return true;
    return leftTruth === undefined || rightTruth === undefined ? undefined : false;
  };
}

function not(condition: Condition): Condition {
  return (fields) => {
    const truth = condition(fields);
    return truth === undefined ? undefined : !truth;
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
