/** YAML as plain data: one document, without aliases, anchors and tags, within bounds that are checked before anything expensive is done. */
import { Composer, type Document, isAlias, isMap, isPair, isScalar, Lexer, Parser, visit } from 'yaml';
import { DEPTH_MAX } from './json-text.js';

/**
 * Words and signs of the text. The largest valid request has some 4,000; composing costs about 10 µs each, and a hostile text of 64 KiB holds
 * sixty thousand, whose mistakes alone took seconds (findings R5).
 */
const LEXEMES_MAX = 6_000;

/** Throws with the place of the first mistake. */
export function readYaml(text: string): unknown {
  checkSize(text);
  const documents = [
    ...new Composer({ uniqueKeys: true, merge: false, logLevel: 'silent' }).compose(new Parser().parse(text)),
  ];
  const mistake = documents.flatMap(({ errors }) => errors)[0];
  if (mistake) throw new Error(`${mistake.message}${placeOf(text, mistake.pos[0])}`);
  const [document, another] = documents;
  if (another) throw new Error(`it holds ${documents.length} documents; send one at a time`);
  if (!document) return null;
  const forbidden = findForbidden(document);
  if (forbidden) throw new Error(forbidden);
  return document.toJS({ maxAliasCount: 0 });
}

/** The lexer is cheap, and enough to tell a text that is too rich. */
function checkSize(text: string): void {
  let lexemes = 0;
  let depth = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (++lexemes > LEXEMES_MAX) throw new Error(`it holds more than ${LEXEMES_MAX} words and signs`);
    if (lexeme === '{' || lexeme === '[') depth++;
    if (lexeme === '}' || lexeme === ']') depth--;
    if (depth > DEPTH_MAX) throw new Error(`it is nested deeper than ${DEPTH_MAX} levels`);
  }
}

function findForbidden(document: Document): string | undefined {
  let found: string | undefined;
  visit(document, (_key, node, path) => {
    if (path.length > 2 * DEPTH_MAX + 1) found = `it is nested deeper than ${DEPTH_MAX} levels`;
    else if (isAlias(node)) found = 'aliases are not allowed';
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

function placeOf(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  return ` (line ${before.length}, column ${before.at(-1)!.length + 1})`;
}
