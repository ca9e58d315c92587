/** Reads the attributes of a policy element by kind, naming in its errors what API Management would refuse. */
import { compileExpression, type Expression } from '../expression/compiler.js';
import type { ExpressionContext } from '../expression/context.js';
import { ExpressionError } from '../expression/lexer.js';
import { ExpressionFailure, isNumeric, toText, type Value } from '../expression/values.js';
import { type PolicyElement, PolicyError, startsExpression } from '../policy-reader.js';

/** A value that is known when the policy is compiled, or computed for each call. */
export type Computed<T> = (context: ExpressionContext) => T;

/** Refuses attributes other than these; `id` is allowed on every policy. */
export function expectAttributes(element: PolicyElement, required: string[], optional: string[] = []): void {
  for (const name of element.attributes.keys()) {
    if (![...required, ...optional, 'id'].includes(name)) {
      throw new PolicyError(element, `the attribute '${name}' is not supported by the local gateway.`);
    }
  }
  for (const name of required) {
    if (!element.attributes.has(name)) throw new PolicyError(element, `the required attribute '${name}' is missing.`);
  }
}

/** Refuses child elements other than these, and text unless `mixed`. */
export function expectContent(element: PolicyElement, children: string[] = [], mixed = false): void {
  if (!mixed && element.text.trim() !== '') throw new PolicyError(element, 'it can not contain text.');
  for (const child of element.children) {
    if (!children.includes(child.name)) throw new PolicyError(child, `it can not stand in '${element.name}'.`);
  }
}

/** A literal text; undefined when the attribute is absent. Refuses an expression. */
export function literal(element: PolicyElement, name: string): string | undefined {
  const value = element.attributes.get(name);
  if (value !== undefined && isExpression(element, value)) {
    throw new PolicyError(element, `the attribute '${name}' can not be an expression.`);
  }
  return value;
}

/** One of the names; the first is the default. */
export function choice<T extends string>(element: PolicyElement, name: string, names: readonly T[]): T {
  const value = literal(element, name) ?? names[0];
  const found = names.find((each) => each === value);
  if (!found)
    throw new PolicyError(element, `the attribute '${name}' must be one of ${names.join(', ')}, not '${value}'.`);
  return found;
}

export function flag(element: PolicyElement, name: string, fallback: boolean): boolean {
  return choice(element, name, fallback ? ['true', 'false'] : ['false', 'true']) === 'true';
}

/** A text, literal or computed. */
export function text(element: PolicyElement, name: string): Computed<string> {
  return textOf(element, element.attributes.get(name) ?? '');
}

/** The text of an element or attribute: an expression's value as text, anything else as it stands. */
export function textOf(element: PolicyElement, value: string): Computed<string> {
  if (!isExpression(element, value)) return () => value;
  const expression = compile(element, value.trim());
  return (context) => toText(expression.evaluate(context));
}

/** An expression's value with its type, or the literal text. */
export function value(element: PolicyElement, name: string): Computed<Value> {
  const given = element.attributes.get(name) ?? '';
  if (!isExpression(element, given)) return () => given;
  const expression = compile(element, given.trim());
  return (context) => expression.evaluate(context);
}

/** A whole number of at least `min`, literal or computed. */
export function wholeNumber(element: PolicyElement, name: string, min: number): Computed<number> {
  const value = element.attributes.get(name) ?? '';
  if (!isExpression(element, value)) {
    const number = Number(value);
    if (!/^\d{1,15}$/.test(value) || number < min) {
      throw new PolicyError(
        element,
        `the attribute '${name}' must be a whole number of at least ${min}, not '${value}'.`,
      );
    }
    return () => number;
  }
  const expression = compile(element, value.trim());
  if (!isNumeric(expression.type)) {
    throw new PolicyError(element, `the expression of attribute '${name}' must be a number, not ${expression.type}.`);
  }
  return (context) => {
    const number = expression.evaluate(context) as number;
    if (!Number.isInteger(number) || number < min)
      throw new ExpressionFailure(`'${name}' must be a whole number of at least ${min}.`);
    return number;
  };
}

/** A condition: `true`, `false` or an expression of type bool. */
export function condition(element: PolicyElement, name: string): Computed<boolean> {
  const value = element.attributes.get(name) ?? '';
  if (value === 'true' || value === 'false') return () => value === 'true';
  if (!isExpression(element, value))
    throw new PolicyError(element, `the attribute '${name}' must be true, false or an expression.`);
  const expression = compile(element, value.trim());
  if (expression.type !== 'bool') {
    throw new PolicyError(element, `the expression of attribute '${name}' must be bool, not ${expression.type}.`);
  }
  return (context) => expression.evaluate(context) === true;
}

function compile(element: PolicyElement, code: string): Expression {
  try {
    return compileExpression(code);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new PolicyError(element, `in the expression ${shortened(code)}: ${error.message}`);
  }
}

/** Long enough to recognize the expression, short enough for one line. */
const SHOWN_LENGTH_MAX = 80;

function shortened(code: string): string {
  const line = code.replace(/\s+/g, ' ');
  return line.length <= SHOWN_LENGTH_MAX ? line : `${line.slice(0, SHOWN_LENGTH_MAX)}…`;
}

/** An expression is always the whole value. */
function isExpression(element: PolicyElement, value: string): boolean {
  if (startsExpression(value.trim())) return true;
  if (/@[({]/.test(value)) throw new PolicyError(element, 'an expression must be the whole value.');
  return false;
}
