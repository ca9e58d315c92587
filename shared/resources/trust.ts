/** What a document says is not acted on because it says it: a spec has to be one that its kind can have, for the subject it is acted on for. */
import type { ResourceTable } from './index.js';
import type { CheckSpec } from './resource.js';

export function isSpecOf({ resources, checks }: ResourceTable, kind: string, spec: CheckSpec, owner: string): boolean {
  const resource = resources.get(kind);
  const schema = (resource ?? checks.get(kind))?.spec;
  if (!schema?.safeParse(spec).success || spec.owner !== owner) return false;
  return resource?.belongs?.(spec as never) ?? true;
}
