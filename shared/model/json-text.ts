/** JSON by JSON's own reader, and what that reader lets through: keys that stand twice, and depth without end. */

/** Deeper than any request by far; what reads on after us recurses. */
export const DEPTH_MAX = 32;

/** Throws with JSON's own words for what is not JSON. */
export function readJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  checkTokens(text);
  return value;
}

/** Strings, and the signs that open, close and part; everything else of a text that is JSON does not matter here. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/** One pass over the tokens. A string counts as a key when an object expects one. */
function checkTokens(text: string): void {
  const open: { keys?: Set<string>; expectsKey: boolean }[] = [];
  for (const [token] of text.matchAll(TOKEN)) {
    const inside = open.at(-1);
    if (token === '{' || token === '[') {
      if (open.length >= DEPTH_MAX) throw new Error(`it is nested deeper than ${DEPTH_MAX} levels`);
      open.push(token === '{' ? { keys: new Set(), expectsKey: true } : { expectsKey: false });
    } else if (token === '}' || token === ']') open.pop();
    else if (token === ',' && inside?.keys) inside.expectsKey = true;
    else if (token.startsWith('"') && inside?.expectsKey) {
      const key = JSON.parse(token) as string;
      if (inside.keys!.has(key)) throw new Error(`the key ${JSON.stringify(key.slice(0, 80))} stands twice`);
      inside.keys!.add(key);
      inside.expectsKey = false;
    }
  }
}
