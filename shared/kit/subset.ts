/**
 * Is everything that was written still there? A service adds properties of its own to what it stores (node ports, defaults), so equality would
 * never hold; arrays are compared place by place.
 */
export function includesAll(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return (
      Array.isArray(found) &&
      found.length === wanted.length &&
      wanted.every((item, index) => includesAll(found[index], item))
    );
  if (wanted === null || typeof wanted !== 'object') return found === wanted;
  if (found === null || typeof found !== 'object') return false;
  return Object.entries(wanted).every(([key, value]) => includesAll((found as Record<string, unknown>)[key], value));
}
