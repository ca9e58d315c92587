/** Policies that steer: choose, set-variable, return-response. */
import type { Answer, Execution, Outcome, Section, Statement } from '../execution.js';
import { bodyOf } from '../messages.js';
import { type PolicyElement, PolicyError } from '../policy-reader.js';
import { runStatements } from '../run-statements.js';
import { condition, expectAttributes, expectContent, literal, text, value, wholeNumber } from './attributes.js';
import { compileBodyText, compileHeaderChange } from './message.js';

type CompileChildren = (parent: PolicyElement) => Statement[];

/** Runs the first `when` whose condition holds, else `otherwise`. */
export function compileChoose(element: PolicyElement, _section: Section, compileChildren: CompileChildren): Statement {
  expectAttributes(element, []);
  expectContent(element, ['when', 'otherwise']);
  if (element.children[0]?.name !== 'when') throw new PolicyError(element, "it needs a 'when'.");
  const branches = element.children.map((branch, position) => {
    if (branch.name === 'otherwise' && position < element.children.length - 1) {
      throw new PolicyError(branch, 'it must be the last in its choose, and the only one.');
    }
    return compileBranch(branch, compileChildren);
  });
  return {
    source: element.name,
    run: (execution): Outcome | Promise<Outcome> => {
      const chosen = branches.find((branch) => branch.applies(execution));
      return chosen ? runStatements(chosen.statements, execution) : 'next';
    },
  };
}

function compileBranch(branch: PolicyElement, compileChildren: CompileChildren) {
  if (branch.text.trim() !== '') throw new PolicyError(branch, 'it can not contain text.');
  expectAttributes(branch, branch.name === 'when' ? ['condition'] : []);
  const applies = branch.name === 'when' ? condition(branch, 'condition') : () => true;
  return { applies, statements: compileChildren(branch) };
}

export function compileSetVariable(element: PolicyElement): Statement {
  expectAttributes(element, ['name', 'value']);
  expectContent(element);
  const name = literal(element, 'name')!;
  const valueFor = value(element, 'value');
  return {
    source: element.name,
    run: (execution) => {
      execution.variables.set(name, valueFor(execution));
      return 'next';
    },
  };
}

/** Ends the pipeline with an answer of its own; nothing of an answer that was under way remains. */
export function compileReturnResponse(element: PolicyElement): Statement {
  expectAttributes(element, []);
  expectContent(element, ['set-status', 'set-header', 'set-body']);
  const only = (name: string) => {
    const [first, second] = element.children.filter((child) => child.name === name);
    if (second) throw new PolicyError(second, `it is given twice in '${element.name}'.`);
    return first;
  };
  const statusElement = only('set-status');
  const bodyElement = only('set-body');
  const status = statusElement ? compileStatus(statusElement) : () => 200;
  const headerChanges = element.children.filter((child) => child.name === 'set-header').map(compileHeaderChange);
  const body = bodyElement ? compileBodyText(bodyElement) : () => '';
  return {
    source: element.name,
    run: (execution: Execution) => {
      const answer: Answer = { status: status(execution), headers: {}, body: bodyOf(body(execution)) };
      for (const change of headerChanges) change(answer.headers, execution);
      execution.response = answer;
      return 'return';
    },
  };
}

/** The reason phrase is checked and dropped: HTTP/2 has none. */
function compileStatus(element: PolicyElement) {
  expectAttributes(element, ['code'], ['reason']);
  expectContent(element);
  text(element, 'reason');
  return wholeNumber(element, 'code', 100);
}
