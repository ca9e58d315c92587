/**
 * Compiles the C# of `@(...)` and `@{...}` into a typed function, in one pass: each rule returns the static type with
 * the code, so that what C# would refuse when the policy is PUT (an unknown member, `string + bool` as a condition) is
 * refused here as well.
 */
import { type ExpressionContext, MEMBERS } from './context.js';
import { ExpressionError, type Token, tokenize } from './lexer.js';
import { callMethod } from './methods.js';
import {
  cast,
  ExpressionFailure,
  isAssignable,
  isJsonType,
  isNumeric,
  type JToken,
  jsonAt,
  nonNull,
  setJsonAt,
  type TypeName,
  toText,
  type Value,
} from './values.js';

/** One evaluation: the call's context, and the local variables of a `@{...}` block. */
export interface Scope {
  context: ExpressionContext;
  locals: Map<string, Value>;
}

/** A compiled piece of code and the type C# gives it. */
export interface Typed {
  type: TypeName;
  run(scope: Scope): Value;
}

export interface Argument extends Typed {
  /** `preserveContent: true` has a name. */
  name?: string;
}

export interface Expression {
  type: TypeName;
  /** Throws ExpressionFailure where the C# would throw. */
  evaluate(context: ExpressionContext): Value;
}

type Statement = (scope: Scope) => void;

/** Keeps the recursion of the compiler, and of the code it makes, far from the end of the stack. */
const DEPTH_MAX = 100;

/** The types a cast or a generic argument may name. */
const NAMEABLE = new Map<string, TypeName>([
  ['string', 'string'],
  ['int', 'int'],
  ['long', 'int'],
  ['double', 'double'],
  ['bool', 'bool'],
  ['object', 'object'],
  ['JToken', 'JToken'],
  ['JObject', 'JObject'],
  ['JArray', 'JArray'],
]);

/** `code` begins with `@(` or `@{`. Throws ExpressionError naming what the grammar does not know. */
export function compileExpression(code: string): Expression {
  const isBlock = code[1] === '{';
  const compiler = new Compiler(tokenize(code.slice(1)));
  const { type, run } = isBlock ? compiler.block() : compiler.whole();
  return { type, evaluate: (context) => run({ context, locals: new Map() }) };
}

class Compiler {
  private at = 0;
  private depth = 0;
  private readonly locals = new Map<string, TypeName>();

  constructor(private readonly tokens: Token[]) {}

  whole(): Typed {
    this.expect('(');
    const value = this.expression();
    this.expect(')');
    this.expectEnd();
    return value;
  }

  /** `{ var x = …; x[…] = …; return …; }` */
  block(): Typed {
    const statements: Statement[] = [];
    this.expect('{');
    while (!this.skip('return')) statements.push(this.statement());
    const result = this.expression();
    this.expect(';');
    this.expect('}');
    this.expectEnd();
    return {
      type: result.type,
      run: (scope) => {
        for (const statement of statements) statement(scope);
        return result.run(scope);
      },
    };
  }

  private statement(): Statement {
    if (this.skip('var')) return this.declaration();
    const target = this.locals.has(this.peek().text) ? this.postfix(this.local()) : undefined;
    if (!target || !this.peekIs('=')) {
      throw this.error('only "var x = …;", "x[…] = …;" and "return …;" are supported in @{…} by the local gateway');
    }
    this.expect('=');
    return this.assignment(target);
  }

  private declaration(): Statement {
    const name = this.name();
    this.expect('=');
    const value = this.expression();
    this.expect(';');
    if (value.type === 'null') throw this.error(`'var ${name}' needs a value with a type`);
    if (this.locals.has(name) || name === 'context') throw this.error(`'${name}' is declared already`);
    this.locals.set(name, value.type);
    return (scope) => scope.locals.set(name, value.run(scope));
  }

  private assignment(target: Typed): Statement {
    const indexed = this.lastIndex;
    if (!indexed || indexed.typed !== target)
      throw this.error('only an indexed value such as x["name"] can be assigned');
    const value = this.expression();
    this.expect(';');
    if (!isAssignable(value.type, 'JToken')) throw this.error(`a value of type ${value.type} can't become JSON`);
    const { object, key } = indexed;
    return (scope) => setJsonAt(nonNull(object.run(scope)) as JToken, key.run(scope), value.run(scope));
  }

  private expression(): Typed {
    if (++this.depth > DEPTH_MAX) throw this.error(`the expression is nested more than ${DEPTH_MAX} deep`);
    const condition = this.coalesce();
    const result = this.peekIs('?') ? this.conditional(condition) : condition;
    this.depth--;
    return result;
  }

  private conditional(condition: Typed): Typed {
    this.expect('?');
    this.expectType(condition, 'bool', '?:');
    const yes = this.expression();
    this.expect(':');
    const no = this.expression();
    const type = this.common(yes.type, no.type, '?:');
    return { type, run: (scope) => (condition.run(scope) ? yes.run(scope) : no.run(scope)) };
  }

  private coalesce(): Typed {
    const left = this.or();
    if (!this.skip('??')) return left;
    const right = this.nested(() => this.coalesce());
    if (isNumeric(left.type) || left.type === 'bool')
      throw this.error(`?? needs a value that can be null, not ${left.type}`);
    const type = left.type === 'object' ? 'object' : this.common(left.type, right.type, '??');
    return { type, run: (scope) => left.run(scope) ?? right.run(scope) };
  }

  private or(): Typed {
    return this.chain(
      ['||'],
      () => this.and(),
      (left, right) => {
        this.expectType(left, 'bool', '||');
        this.expectType(right, 'bool', '||');
        return { type: 'bool', run: (scope) => left.run(scope) === true || right.run(scope) };
      },
    );
  }

  private and(): Typed {
    return this.chain(
      ['&&'],
      () => this.equality(),
      (left, right) => {
        this.expectType(left, 'bool', '&&');
        this.expectType(right, 'bool', '&&');
        return { type: 'bool', run: (scope) => left.run(scope) === true && right.run(scope) };
      },
    );
  }

  private equality(): Typed {
    return this.chain(
      ['==', '!='],
      () => this.relational(),
      (left, right, operator) => {
        this.expectComparable(left.type, right.type, operator);
        const isNegated = operator === '!=';
        return { type: 'bool', run: (scope) => (left.run(scope) === right.run(scope)) !== isNegated };
      },
    );
  }

  private relational(): Typed {
    return this.chain(
      ['<', '>', '<=', '>='],
      () => this.additive(),
      (left, right, operator) => {
        if (!isNumeric(left.type) || !isNumeric(right.type)) throw this.refused(operator, left.type, right.type);
        return {
          type: 'bool',
          run: (scope) => compare(operator, left.run(scope) as number, right.run(scope) as number),
        };
      },
    );
  }

  private additive(): Typed {
    return this.chain(
      ['+', '-'],
      () => this.unary(),
      (left, right, operator) => {
        if (isNumeric(left.type) && isNumeric(right.type)) {
          const sign = operator === '+' ? 1 : -1;
          const type = left.type === 'int' && right.type === 'int' ? 'int' : 'double';
          return { type, run: (scope) => (left.run(scope) as number) + sign * (right.run(scope) as number) };
        }
        if (operator === '-' || ![left.type, right.type].includes('string'))
          throw this.refused(operator, left.type, right.type);
        return { type: 'string', run: (scope) => toText(left.run(scope)) + toText(right.run(scope)) };
      },
    );
  }

  private unary(): Typed {
    if (this.skip('!')) {
      const value = this.nested(() => this.unary());
      this.expectType(value, 'bool', '!');
      return { type: 'bool', run: (scope) => value.run(scope) !== true };
    }
    const castType = this.castType();
    return castType ? this.castOf(castType) : this.postfix(this.primary());
  }

  private castType(): TypeName | undefined {
    const type = NAMEABLE.get(this.peek(1).text);
    if (!this.peekIs('(') || !type || this.peek(1).kind !== 'name' || this.peek(2).text !== ')') return undefined;
    this.at += 3;
    return type;
  }

  private castOf(type: TypeName): Typed {
    const value = this.nested(() => this.unary());
    const isFromBox = value.type === 'object' || isJsonType(value.type) || value.type === 'null';
    const isNumberToNumber = isNumeric(type) && isNumeric(value.type);
    if (!isFromBox && !isNumberToNumber && type !== value.type && type !== 'object') {
      throw this.error(`a value of type ${value.type} can't be cast to ${type}`);
    }
    if (isNumberToNumber)
      return { type, run: (scope) => (type === 'int' ? Math.trunc : Number)(value.run(scope) as number) };
    return { type, run: (scope) => cast(value.run(scope), type) };
  }

  private primary(): Typed {
    const token = this.peek();
    if (token.kind === 'name') return this.named();
    this.at++;
    if (token.kind === 'string') return { type: 'string', run: () => token.text };
    if (token.kind === 'number') {
      const number = Number(token.text.replace(/L$/i, ''));
      return { type: token.text.includes('.') ? 'double' : 'int', run: () => number };
    }
    if (token.kind !== 'symbol' || token.text !== '(') throw this.error(`'${token.text}' was not expected`);
    const value = this.expression();
    this.expect(')');
    return value;
  }

  private named(): Typed {
    const { text } = this.peek();
    if (this.locals.has(text)) return this.local();
    this.at++;
    if (text === 'context') return { type: 'Context', run: (scope) => scope.context };
    if (text === 'true' || text === 'false') return { type: 'bool', run: () => text === 'true' };
    if (text === 'null') return { type: 'null', run: () => null };
    throw this.error(`the name '${text}' is not supported by the local gateway`);
  }

  private local(): Typed {
    const name = this.name();
    return { type: this.locals.get(name)!, run: (scope) => scope.locals.get(name) };
  }

  /** What was indexed last: an assignment writes to it. */
  private lastIndex?: { typed: Typed; object: Typed; key: Typed };

  private postfix(start: Typed): Typed {
    let value = start;
    for (;;) {
      if (this.skip('.')) value = this.access(value);
      else if (this.skip('[')) value = this.index(value);
      else return value;
    }
  }

  private access(object: Typed): Typed {
    const name = this.name();
    const typeArgument = this.typeArgument();
    if (this.skip('(')) return callMethod(object, name, typeArgument, this.callArguments());
    const members = MEMBERS[object.type] ?? {};
    const member = Object.hasOwn(members, name) ? members[name] : undefined;
    if (!member) throw this.error(`'${name}' of ${object.type} is not supported by the local gateway`);
    return { type: member.type, run: (scope) => member.get(nonNull(object.run(scope))) };
  }

  private index(object: Typed): Typed {
    const key = this.expression();
    this.expect(']');
    if (object.type === 'Variables') {
      this.expectType(key, 'string', '[]');
      return { type: 'object', run: (scope) => variable(scope.context, key.run(scope) as string) };
    }
    if (!isJsonType(object.type)) throw this.error(`a value of type ${object.type} has no index`);
    if (key.type !== 'int') this.expectType(key, 'string', '[]');
    const typed: Typed = {
      type: 'JToken',
      run: (scope) => jsonAt(nonNull(object.run(scope)) as JToken, key.run(scope)),
    };
    this.lastIndex = { typed, object, key };
    return typed;
  }

  /** `<string>` before an argument list; anything else after a member is a comparison. */
  private typeArgument(): TypeName | undefined {
    const type = NAMEABLE.get(this.peek(1).text);
    if (!this.peekIs('<') || this.peek(2).text !== '>' || this.peek(3).text !== '(') return undefined;
    if (!type) throw this.error(`the type '${this.peek(1).text}' is not supported by the local gateway`);
    this.at += 3;
    return type;
  }

  private callArguments(): Argument[] {
    const found: Argument[] = [];
    while (!this.skip(')')) {
      if (found.length > 0) this.expect(',');
      const name = this.peek().kind === 'name' && this.peek(1).text === ':' ? this.name() : undefined;
      if (name) this.expect(':');
      found.push({ name, ...this.expression() });
    }
    return found;
  }

  /** Left-associative operators of one precedence. */
  private chain(
    operators: string[],
    operand: () => Typed,
    combine: (left: Typed, right: Typed, operator: string) => Typed,
  ): Typed {
    let left = operand();
    for (let operator = this.peek(); operators.some((each) => this.peekIs(each)); operator = this.peek()) {
      this.at++;
      left = combine(left, operand(), operator.text);
    }
    return left;
  }

  private nested(rule: () => Typed): Typed {
    if (++this.depth > DEPTH_MAX) throw this.error(`the expression is nested more than ${DEPTH_MAX} deep`);
    const value = rule();
    this.depth--;
    return value;
  }

  private common(left: TypeName, right: TypeName, operator: string): TypeName {
    if (isAssignable(right, left)) return left;
    if (isAssignable(left, right)) return right;
    throw this.refused(operator, left, right);
  }

  /** C# compares an `object` or a JToken with a string by reference: never equal, so that a cast is what was meant. */
  private expectComparable(left: TypeName, right: TypeName, operator: string): void {
    if (left === 'null' || right === 'null' || (isNumeric(left) && isNumeric(right))) return;
    if (left === right && (left === 'string' || left === 'bool')) return;
    const isBoxed = [left, right].some((type) => type === 'object' || isJsonType(type));
    throw this.error(
      isBoxed
        ? `'${operator}' of ${left} and ${right} would compare references: cast to string first`
        : `'${operator}' can't be applied to ${left} and ${right}`,
    );
  }

  private expectType(value: Typed, type: TypeName, operator: string): void {
    if (value.type !== type) throw this.error(`'${operator}' needs ${type}, not ${value.type}`);
  }

  private expect(symbol: string): void {
    if (!this.skip(symbol)) throw this.error(`'${symbol}' was expected, not '${this.peek().text}'`);
  }

  private expectEnd(): void {
    if (this.peek().kind !== 'end') throw this.error(`'${this.peek().text}' stands after the expression`);
  }

  private name(): string {
    const token = this.peek();
    if (token.kind !== 'name') throw this.error(`a name was expected, not '${token.text}'`);
    this.at++;
    return token.text;
  }

  private skip(text: string): boolean {
    if (!this.peekIs(text)) return false;
    this.at++;
    return true;
  }

  private peekIs(text: string): boolean {
    const token = this.peek();
    return token.text === text && (token.kind === 'symbol' || token.kind === 'name');
  }

  private peek(ahead = 0): Token {
    return this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)]!;
  }

  private refused(operator: string, left: TypeName, right: TypeName): ExpressionError {
    return this.error(`'${operator}' can't be applied to ${left} and ${right}`);
  }

  private error(problem: string): ExpressionError {
    return new ExpressionError(`${problem}.`);
  }
}

function variable(context: ExpressionContext, name: string): Value {
  if (!context.variables.has(name))
    throw new ExpressionFailure(`The given key '${name}' was not present in the dictionary.`);
  return context.variables.get(name);
}

function compare(operator: string, left: number, right: number): boolean {
  if (operator === '<') return left < right;
  if (operator === '>') return left > right;
  return operator === '<=' ? left <= right : left >= right;
}
