/**
 * Reads a document that somebody sent, by whichever door: JSON or YAML into plain data, within bounds that hold for any 64 KiB. JSON is read by
 * JSON's own reader; YAML without aliases, anchors and tags, since they can blow a small text up or smuggle types; duplicate keys and a second
 * document are refused in both, since readers would disagree on which one counts.
 */

import { readJson } from './json-text.js';
import { type Problem, problem } from './problem.js';
import { readYaml } from './yaml-text.js';

/** Largest document accepted. The largest valid request is about 8 KiB; the rest is room for comments. */
export const DOCUMENT_BYTES_MAX = 64 * 1024;

export type DocumentFormat = 'json' | 'yaml';

/** Media types that are taken. */
export const DOCUMENT_FORMATS: Record<string, DocumentFormat> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/x-yaml': 'yaml',
  'text/yaml': 'yaml',
};

/** Format by a Content-Type with or without parameters; undefined for any other. */
export function formatOf(contentType: string): DocumentFormat | undefined {
  const mediaType = contentType.split(';')[0]!.trim().toLowerCase();
  return Object.hasOwn(DOCUMENT_FORMATS, mediaType) ? DOCUMENT_FORMATS[mediaType] : undefined;
}

export type ReadDocument = { ok: true; value: unknown } | { ok: false; problem: Problem };

/** Parses text, or bytes in UTF-8; the problem is `too-large` or `malformed-document` with the place of the first mistake. */
export function readDocument(input: string | Uint8Array, format: DocumentFormat): ReadDocument {
  const bytes = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength;
  if (bytes > DOCUMENT_BYTES_MAX)
    return refuse(problem('too-large', `The document is larger than ${DOCUMENT_BYTES_MAX / 1024} KiB.`));
  try {
    const text = typeof input === 'string' ? withoutMark(input) : decode(input);
    return { ok: true, value: format === 'json' ? readJson(text) : readYaml(text) };
  } catch (error) {
    return refuse(malformed(format, error instanceof Error ? error.message : String(error)));
  }
}

/** Format of a text of unknown kind: what opens like a JSON object is read as JSON, so that its mistakes are named as JSON mistakes. */
export const guessFormat = (text: string): DocumentFormat => (/^\uFEFF?\s*[{[]/.test(text) ? 'json' : 'yaml');

/** A byte order mark says nothing in UTF-8, but some editors write it. */
const withoutMark = (text: string): string => (text.startsWith('\uFEFF') ? text.slice(1) : text);

/** Throws on bytes that are not UTF-8; takes a byte order mark away. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('the bytes are not UTF-8');
  }
}

const malformed = (format: DocumentFormat, detail: string): Problem =>
  problem(
    'malformed-document',
    `The document is not valid ${format.toUpperCase()}: ${detail.split('\n')[0]!.slice(0, 300)}`,
  );

const refuse = (refusal: Problem): ReadDocument => ({ ok: false, problem: refusal });
