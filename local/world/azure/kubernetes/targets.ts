/** What a request is about: kind, namespace and name, read from its path. */
import type { Azure } from '../azure.js';
import { StatusError } from './errors.js';
import { type Kind, kindOf } from './kinds.js';
import { type KubernetesObject, objectKey, readObject } from './objects.js';

export interface Target {
  kind: Kind;
  namespace?: string;
  /** Absent for a collection. */
  name?: string;
}

export const NO_RESOURCE = 'the server could not find the requested resource';

/** `/api/v1/…` and `/apis/<group>/<version>/…`, with or without a namespace; only `status` is a known subresource. */
export function parseTarget(path: string): Target {
  const segments = path.split('/').filter(Boolean).map(decodeURIComponent);
  const apiVersion = segments[0] === 'api' ? segments[1] : segments.slice(1, 3).join('/');
  const rest = segments.slice(segments[0] === 'api' ? 2 : 3);
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2;
  const [plural = '', name, subresource] = inNamespace ? rest.slice(2) : rest;
  const kind = kindOf(apiVersion ?? '', plural);
  if (!kind || (subresource !== undefined && subresource !== 'status')) {
    throw new StatusError(404, NO_RESOURCE);
  }
  return { kind, namespace: inNamespace ? rest[1] : undefined, name };
}

export function keyOf({ kind, namespace, name }: Target): string {
  return objectKey(kind.plural, namespace, name ?? '');
}

/** `workspaces.kaito.sh "x"`, as the API server's sentences name things. */
export function nameOf({ kind, name }: Target): string {
  const [group] = kind.apiVersion.split('/');
  return `${kind.apiVersion.includes('/') ? `${kind.plural}.${group}` : kind.plural} "${name}"`;
}

export function existingOr404(azure: Azure, target: Target): KubernetesObject {
  const object = readObject(azure, keyOf(target));
  if (!object) throw new StatusError(404, `${nameOf(target)} not found`);
  return object;
}
