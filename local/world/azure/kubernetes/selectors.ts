/** Label and field selectors of a list: equality only, which is what the control plane uses; anything else is refused, not ignored. */
import { StatusError } from './errors.js';
import type { KubernetesObject } from './objects.js';

export function selectorOf(query: URLSearchParams): (object: KubernetesObject) => boolean {
  const labels = terms(query.get('labelSelector'));
  const fields = terms(query.get('fieldSelector'));
  return (object) =>
    labels.every(([name, value]) => object.metadata.labels?.[name] === value) &&
    fields.every(([path, value]) => String(field(object, path)) === value);
}

function terms(selector: string | null): [string, string][] {
  if (!selector) return [];
  return selector.split(',').map((term) => {
    const [, name, value] = /^\s*([\w./-]+)\s*==?\s*([\w.-]*)\s*$/.exec(term) ?? [];
    if (name === undefined || value === undefined) throw new StatusError(400, `unable to parse requirement: ${term}`);
    return [name, value];
  });
}

function field(object: KubernetesObject, path: string): unknown {
  return path.split('.').reduce((here: unknown, name) => (here as Record<string, unknown> | undefined)?.[name], object);
}
