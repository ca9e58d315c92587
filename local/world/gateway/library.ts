/**
 * What a policy document may refer to: named values (`{{name}}`) and fragments (`include-fragment`). Both are put in place before anything is
 * compiled, so that no other part of the gateway knows them.
 */
import { type PolicyElement, PolicyError, readPolicyDocument } from './policy-reader.js';

/** What is there to refer to; undefined for what is not. */
export interface PolicyLibrary {
  /** The value of the named value with this display name. */
  namedValue(name: string): string | undefined;
  /** The document of a fragment, in either format. */
  fragment(id: string): string | undefined;
}

export const EMPTY_LIBRARY: PolicyLibrary = { namedValue: () => undefined, fragment: () => undefined };

/** Fragments in fragments; a circle of them ends here. */
const INCLUDE_DEPTH_MAX = 10;

const NAMED_VALUE = /\{\{([\w.-]+)\}\}/g;

/** The document with all that it refers to. Throws PolicyError for what does not exist. */
export function resolveReferences(element: PolicyElement, library: PolicyLibrary, depth = 0): PolicyElement {
  const put = (text: string) =>
    text.replace(NAMED_VALUE, (_whole, name: string) => {
      const value = library.namedValue(name);
      if (value === undefined) throw new PolicyError(element, `Cannot find a property '${name}'.`);
      return value;
    });
  return {
    ...element,
    attributes: new Map([...element.attributes].map(([name, value]) => [name, put(value)])),
    text: put(element.text),
    children: element.children.flatMap((child) =>
      child.name === 'include-fragment'
        ? included(child, library, depth + 1)
        : [resolveReferences(child, library, depth)],
    ),
  };
}

function included(element: PolicyElement, library: PolicyLibrary, depth: number): PolicyElement[] {
  const id = element.attributes.get('fragment-id');
  const text = id === undefined ? undefined : library.fragment(id);
  if (text === undefined) throw new PolicyError(element, `Cannot find a fragment '${id ?? ''}'.`);
  if (depth > INCLUDE_DEPTH_MAX)
    throw new PolicyError(element, `fragments include more than ${INCLUDE_DEPTH_MAX} deep.`);
  return resolveReferences(readFragment(text), library, depth).children;
}

/** Reads a fragment, whose format is not kept beside it, and whose root is `fragment`. */
export function readFragment(text: string): PolicyElement {
  const root = readEither(text);
  if (root.name === 'fragment') return root;
  throw new PolicyError(root, "the root element of a fragment must be 'fragment'.");
}

function readEither(text: string): PolicyElement {
  try {
    return readPolicyDocument(text, 'xml');
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return readPolicyDocument(text, 'rawxml');
  }
}

/** A library that notes what it was asked for and what it answered, as `name:<name>` and `fragment:<id>`. */
export function recording(library: PolicyLibrary): { library: PolicyLibrary; uses: Map<string, string | undefined> } {
  const uses = new Map<string, string | undefined>();
  const note = (key: string, value: string | undefined) => {
    uses.set(key, value);
    return value;
  };
  return {
    uses,
    library: {
      namedValue: (name) => note(`name:${name}`, library.namedValue(name)),
      fragment: (id) => note(`fragment:${id}`, library.fragment(id)),
    },
  };
}

/** True when everything that was used is still the same. */
export function isUnchanged(uses: ReadonlyMap<string, string | undefined>, library: PolicyLibrary): boolean {
  return [...uses].every(([key, value]) => {
    const name = key.slice(key.indexOf(':') + 1);
    return (key.startsWith('name:') ? library.namedValue(name) : library.fragment(name)) === value;
  });
}
