/**
 * Reads a document that somebody sent: JSON or YAML text into plain data, within bounds. YAML is taken without aliases, anchors and tags,
 * since they can blow a small text up or smuggle types; duplicate keys are refused in both, since readers would disagree on which one counts.
 */
import { isAlias, isMap, isPair, isScalar, parseDocument, visit } from 'yaml';
import { type Problem, problem } from './problem.js';

/** Largest document accepted. The largest valid request is about 8 KiB; the rest is room for comments. */
export const DOCUMENT_BYTES_MAX = 64 * 1024;

export type DocumentFormat = 'json' | 'yaml';

export type ReadDocument = { ok: true; value: unknown } | { ok: false; problem: Problem };

/** Parses `text`; the problem is `too-large` or `malformed-document` with the place of the first mistake. */
export function readDocument(text: string, format: DocumentFormat): ReadDocument {
  if (Buffer.byteLength(text) > DOCUMENT_BYTES_MAX)
    return refuse(problem('too-large', `The document is larger than ${DOCUMENT_BYTES_MAX / 1024} KiB.`));
  try {
    if (format === 'json') JSON.parse(text);
    return readYaml(text);
  } catch (error) {
    return refuse(malformed(format, error instanceof Error ? error.message : String(error)));
  }
}

/** Format of a text of unknown kind: what opens like a JSON object is read as JSON, so that its mistakes are named as JSON mistakes. */
export const guessFormat = (text: string): DocumentFormat => (/^\s*[{[]/.test(text) ? 'json' : 'yaml');

function readYaml(text: string): ReadDocument {
  const document = parseDocument(text, { uniqueKeys: true, merge: false, logLevel: 'silent' });
  const mistake = document.errors[0];
  if (mistake) return refuse(malformed('yaml', mistake.message.split('\n')[0] ?? mistake.code));
  const forbidden = findForbidden(document);
  if (forbidden) return refuse(malformed('yaml', forbidden));
  return { ok: true, value: document.toJS({ maxAliasCount: 0 }) };
}

function findForbidden(document: ReturnType<typeof parseDocument>): string | undefined {
  let found: string | undefined;
  visit(document, (_key, node) => {
    if (isAlias(node)) found = 'aliases are not allowed';
    else if (isMap(node) && node.items.some((pair) => isPair(pair) && !isScalar(pair.key)))
      found = 'keys must be plain strings';
    else if (node && typeof node === 'object' && 'anchor' in node && node.anchor) found = 'anchors are not allowed';
    else if (isTagged(node)) found = 'tags are not allowed';
    return found ? visit.BREAK : undefined;
  });
  return found;
}

const isTagged = (node: unknown): boolean =>
  typeof node === 'object' && node !== null && 'tag' in node && node.tag !== undefined;

const malformed = (format: DocumentFormat, detail: string): Problem =>
  problem('malformed-document', `The document is not valid ${format.toUpperCase()}: ${detail.slice(0, 300)}`);

const refuse = (refusal: Problem): ReadDocument => ({ ok: false, problem: refusal });
