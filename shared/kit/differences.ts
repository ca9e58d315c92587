/**
 * Where does what was found differ from what is wanted? JSON pointers, in the order of what is wanted. A service adds properties of its own to what it stores (node
 * ports, defaults), so only what is wanted counts; arrays are compared place by place; a wanted `undefined` is not known yet and never differs.
 */
export function differences(found: unknown, wanted: unknown, pointer = ''): string[] {
  if (wanted === undefined) return [];
  if (wanted === null || typeof wanted !== 'object') return found === wanted ? [] : [pointer];
  if (Array.isArray(wanted) && (!Array.isArray(found) || found.length !== wanted.length)) return [pointer];
  if (found === null || typeof found !== 'object') return [pointer];
  return Object.entries(wanted).flatMap(([key, value]) => {
    const inner = Object.hasOwn(found, key) ? (found as Record<string, unknown>)[key] : undefined;
    return differences(inner, value, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  });
}
