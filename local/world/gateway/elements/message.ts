/** Policies that change the request (in inbound and backend) or the answer (in outbound and on-error). */
import type { Execution, Section, Statement } from '../execution.js';
import type { ExpressionContext } from '../expression/context.js';
import { bodyOf } from '../messages.js';
import { type PolicyElement, PolicyError } from '../policy-reader.js';
import { type Computed, choice, expectAttributes, expectContent, text, textOf } from './attributes.js';

const EXISTS_ACTIONS = ['override', 'skip', 'append', 'delete'] as const;

/** What becomes of the values that a name has; undefined when it is to be absent. */
type Change = (known: string[] | undefined, context: ExpressionContext) => string[] | undefined;

const changesRequest = (section: Section) => section === 'inbound' || section === 'backend';

/** The answer under way: outbound and on-error never run without one. */
function answerOf(execution: Execution) {
  if (!execution.response) throw new Error('An outbound policy ran before there was an answer');
  return execution.response;
}

export function compileSetHeader(element: PolicyElement, section: Section): Statement {
  const change = compileHeaderChange(element);
  const headersOf = (execution: Execution) =>
    changesRequest(section) ? execution.request.headers : answerOf(execution).headers;
  return {
    source: element.name,
    run: (execution) => {
      change(headersOf(execution), execution);
      return 'next';
    },
  };
}

export function compileHeaderChange(element: PolicyElement) {
  const name = text(element, 'name');
  const change = compileChange(element);
  return (headers: Record<string, string>, context: ExpressionContext): void => {
    const key = name(context).toLowerCase();
    const values = change(Object.hasOwn(headers, key) ? [headers[key]!] : undefined, context);
    if (values) headers[key] = values.join(', ');
    else delete headers[key];
  };
}

export function compileSetQueryParameter(element: PolicyElement): Statement {
  const name = text(element, 'name');
  const change = compileChange(element);
  return {
    source: element.name,
    run: (execution) => {
      const key = name(execution);
      const values = change(execution.query.has(key) ? execution.query.getAll(key) : undefined, execution);
      execution.query.delete(key);
      for (const value of values ?? []) execution.query.append(key, value);
      return 'next';
    },
  };
}

function compileChange(element: PolicyElement): Change {
  expectAttributes(element, ['name'], ['exists-action']);
  expectContent(element, ['value']);
  const action = choice(element, 'exists-action', EXISTS_ACTIONS);
  const values = element.children.map((child) => {
    expectAttributes(child, []);
    expectContent(child, [], true);
    return textOf(child, child.text);
  });
  if (action !== 'delete' && values.length === 0) throw new PolicyError(element, "it needs a 'value'.");
  return (known, context) => {
    if (action === 'delete') return undefined;
    if (known && action === 'skip') return known;
    const given = values.map((value) => value(context));
    return known && action === 'append' ? [...known, ...given] : given;
  };
}

export function compileSetBody(element: PolicyElement, section: Section): Statement {
  const body = compileBodyText(element);
  return {
    source: element.name,
    run: (execution) => {
      const value = body(execution);
      if (changesRequest(section)) execution.request.body = Buffer.from(value);
      else answerOf(execution).body = bodyOf(value);
      return 'next';
    },
  };
}

export function compileBodyText(element: PolicyElement): Computed<string> {
  expectAttributes(element, [], ['template']);
  expectContent(element, [], true);
  choice(element, 'template', ['none']);
  return textOf(element, element.text);
}
