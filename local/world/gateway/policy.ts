/** Compiles a policy document: sections, and in each the statements that the table of elements knows. */
import { compileSectionStatements } from './elements/table.js';
import { BASE, type CompiledPolicy, SECTIONS, type Section } from './execution.js';
import { isUnchanged, type PolicyLibrary, readFragment, recording, resolveReferences } from './library.js';
import { type PolicyElement, PolicyError, type PolicyFormat, readPolicyDocument } from './policy-reader.js';

/** The policy of a scope that has no document of its own. */
export const INHERITING_POLICY: CompiledPolicy = {
  sections: { inbound: [BASE], backend: [BASE], outbound: [BASE], 'on-error': [BASE] },
};

/** Throws PolicyError naming the first thing that is wrong. */
export function compilePolicy(text: string, format: PolicyFormat, library: PolicyLibrary): CompiledPolicy {
  const root = resolveReferences(readPolicyDocument(text, format), library);
  if (root.name !== 'policies') throw new PolicyError(root, "the root element of a policy must be 'policies'.");
  if (root.attributes.size > 0) throw new PolicyError(root, 'it takes no attributes.');
  const policy: CompiledPolicy = { sections: { ...INHERITING_POLICY.sections } };
  const seen = new Set<string>();
  for (const element of root.children) {
    if (!isSection(element.name)) throw new PolicyError(element, 'it is no section of a policy.');
    if (seen.has(element.name)) throw new PolicyError(element, 'the section is given twice.');
    seen.add(element.name);
    policy.sections[element.name] = compileSection(element, element.name);
  }
  return policy;
}

function compileSection(section: PolicyElement, name: Section): CompiledPolicy['sections'][Section] {
  if (name === 'backend' && section.children.length > 1) {
    throw new PolicyError(section, 'backend section allows only one policy to be specified');
  }
  return compileSectionStatements(section, name);
}

const isSection = (name: string): name is Section => SECTIONS.includes(name as Section);

/** Distinct documents: one for each team, and a few more. The least recently used goes first. */
const CACHED_MAX = 1_000;

interface Cached {
  policy: CompiledPolicy;
  /** Named values and fragments that went into it. */
  uses: ReadonlyMap<string, string | undefined>;
}

/** Compiles each distinct text once, and again when something that it refers to has changed. */
export class PolicyCache {
  private readonly policies = new Map<string, Cached>();

  /**
   * The text as it was PUT, in either format. Throws PolicyError, which can't happen for a document that
   * `validatePolicy` let pass.
   */
  compile(text: string, library: PolicyLibrary): CompiledPolicy {
    const known = this.policies.get(text);
    const cached = known && isUnchanged(known.uses, library) ? known : compileEither(text, library);
    this.policies.delete(text);
    this.policies.set(text, cached);
    if (this.policies.size > CACHED_MAX) this.policies.delete(this.policies.keys().next().value!);
    return cached.policy;
  }
}

/**
 * The format isn't kept beside the text, and needn't be: C# with raw quotes, `<` or `&&` in it is no well-formed XML.
 */
export function compileEither(text: string, given: PolicyLibrary): Cached {
  const { library, uses } = recording(given);
  try {
    return { policy: compilePolicy(text, 'xml', library), uses };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { policy: compilePolicy(text, 'rawxml', library), uses };
  }
}

/** A fragment is right when one section at least can take all of it. Throws the PolicyError of inbound otherwise. */
export function checkFragment(text: string, format: PolicyFormat, library: PolicyLibrary): void {
  readFragment(text);
  const { children, ...root } = resolveReferences(readPolicyDocument(text, format), library);
  const problems: PolicyError[] = [];
  for (const section of SECTIONS) {
    try {
      for (const child of children)
        if (child.name === BASE) throw new PolicyError(child, 'it can not stand in a fragment.');
      compileSectionStatements({ ...root, children }, section);
      return;
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      problems.push(error);
    }
  }
  throw problems[0]!;
}
