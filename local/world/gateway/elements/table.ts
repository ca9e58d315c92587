/**
 * The fixed grammar: every policy element that the gateway obeys, the sections it may stand in, and what compiles it.
 */
import { BASE, type Section, type Statement } from '../execution.js';
import { type PolicyElement, PolicyError } from '../policy-reader.js';
import { expectAttributes, expectContent } from './attributes.js';
import { compileForwardRequest, compileManagedIdentity, compileSetBackendService } from './backend.js';
import { compileChoose, compileReturnResponse, compileSetVariable } from './control.js';
import { compileEmitTokenMetric, compileRateLimitByKey, compileTokenLimit } from './limits.js';
import { compileSetBody, compileSetHeader, compileSetQueryParameter } from './message.js';

interface ElementRule {
  /** Where the policy's page says it may stand; `set-body` also works in on-error (MicrosoftDocs/azure-docs #59226). */
  sections: Section[];
  /** `compileChildren` compiles the statements inside, for an element that holds some. */
  compile(element: PolicyElement, section: Section, compileChildren: (parent: PolicyElement) => Statement[]): Statement;
}

const EVERYWHERE: Section[] = ['inbound', 'backend', 'outbound', 'on-error'];

const ELEMENTS: Record<string, ElementRule> = {
  choose: { sections: EVERYWHERE, compile: compileChoose },
  'set-variable': { sections: EVERYWHERE, compile: compileSetVariable },
  'return-response': { sections: EVERYWHERE, compile: compileReturnResponse },
  'set-header': { sections: EVERYWHERE, compile: compileSetHeader },
  'set-body': { sections: EVERYWHERE, compile: compileSetBody },
  'set-query-parameter': { sections: ['inbound', 'backend'], compile: compileSetQueryParameter },
  'set-backend-service': { sections: ['inbound', 'backend'], compile: compileSetBackendService },
  'authentication-managed-identity': { sections: ['inbound'], compile: compileManagedIdentity },
  'llm-token-limit': { sections: ['inbound'], compile: compileTokenLimit },
  'azure-openai-token-limit': { sections: ['inbound'], compile: compileTokenLimit },
  'llm-emit-token-metric': { sections: ['inbound'], compile: compileEmitTokenMetric },
  'azure-openai-emit-token-metric': { sections: ['inbound'], compile: compileEmitTokenMetric },
  'rate-limit-by-key': { sections: ['inbound'], compile: compileRateLimitByKey },
  'forward-request': { sections: ['backend'], compile: compileForwardRequest },
};

/** Compiles what stands directly in a section, `<base/>` included. */
export function compileSectionStatements(parent: PolicyElement, section: Section): (Statement | typeof BASE)[] {
  expectContent(
    parent,
    parent.children.map((child) => child.name),
  );
  expectAttributes(parent, []);
  return parent.children.map((child) => (child.name === BASE ? compileBase(child) : compileStatement(child, section)));
}

function compileBase(element: PolicyElement): typeof BASE {
  expectAttributes(element, []);
  expectContent(element);
  return BASE;
}

function compileStatement(element: PolicyElement, section: Section): Statement {
  if (element.name === BASE) throw new PolicyError(element, 'it can only stand directly in a section.');
  const rule = Object.hasOwn(ELEMENTS, element.name) ? ELEMENTS[element.name]! : undefined;
  if (!rule) throw new PolicyError(element, 'this policy is not supported by the local gateway.');
  if (!rule.sections.includes(section)) {
    throw new PolicyError(
      element,
      `Policy is not allowed in the section '${section}', only in ${rule.sections.join(', ')}.`,
    );
  }
  return rule.compile(element, section, (parent) => parent.children.map((child) => compileStatement(child, section)));
}
