/**
 * Creating, replacing, patching, applying and deleting objects: what a request leads to, whether it is allowed on the version it names, and
 * what the server itself adds.
 */
import { isDeepStrictEqual } from 'node:util';
import { parse as parseYaml } from 'yaml';
import type { Azure } from '../azure.js';
import type { Answer, Request } from '../http.js';
import type { Recorder } from '../recorder.js';
import { applyOnto, entryOf } from './apply.js';
import { onCreated, onDeleted, onUpdated, withDefaults } from './controllers.js';
import { StatusError } from './errors.js';
import { createObject, type KubernetesObject, readObject, saveObject, timestamp } from './objects.js';
import { existingOr404, keyOf, nameOf, type Target } from './targets.js';

type Change = 'create' | 'replace' | 'merge' | 'apply';

export function write(azure: Azure, recorder: Recorder, asked: Target, request: Request): Answer {
  const change = changeOf(request);
  const { apiVersion, kind } = asked.kind;
  // What the path says already, a body may leave out; an applied one may not.
  const said = change === 'apply' ? {} : { apiVersion, kind };
  const sent: KubernetesObject = Object.assign(said, readBody(request));
  recorder.add({ method: request.method, path: decodeURIComponent(request.path), body: sent });
  const target = { ...asked, name: asked.name ?? sent.metadata?.name };
  const key = keyOf(target);
  const existing = readObject(azure, key);
  if (change === 'create' && existing) {
    const prefix = existing.metadata.deletionTimestamp ? 'object is being deleted: ' : '';
    throw new StatusError(409, `${prefix}${nameOf(target)} already exists`, 'AlreadyExists');
  }
  if (change === 'replace' || change === 'merge') requireVersion(target, existingOr404(azure, target), sent.metadata);
  const wanted = checked(target, resulting(azure, change, request, sent, existing));
  if (existing) return { status: 200, body: update(azure, key, existing, wanted) };
  const created = createObject(azure, key, withDefaults(azure, wanted));
  return { status: 201, body: onCreated(azure, created, request.fault) };
}

export function remove(azure: Azure, recorder: Recorder, target: Target, request: Request): Answer {
  const existing = existingOr404(azure, target);
  recorder.add({ method: 'DELETE', path: decodeURIComponent(request.path) });
  const { preconditions } = (request.body.length > 0 ? readBody(request) : {}) as { preconditions?: Versioned };
  requireVersion(target, existing, preconditions);
  return { status: 200, body: onDeleted(azure, keyOf(target), existing, request.fault) };
}

function changeOf({ headers, method }: Request): Change {
  if (method !== 'PATCH') return method === 'POST' ? 'create' : 'replace';
  const contentType = headers['content-type'] ?? '';
  if (contentType.includes('application/apply-patch+yaml')) return 'apply';
  if (contentType.includes('application/merge-patch+json')) return 'merge';
  throw new StatusError(
    415,
    `a patch is application/merge-patch+json or application/apply-patch+yaml here, not ${contentType}`,
  );
}

/** A patch may leave out everything, the metadata included. JSON is YAML, too. */
function readBody({ body, headers }: Request): KubernetesObject {
  let content: unknown;
  try {
    const isYaml = headers['content-type']?.includes('yaml');
    content = isYaml ? parseYaml(body.toString('utf8')) : JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new StatusError(400, `the object provided is unrecognized: ${(error as Error).message}`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new StatusError(400, 'the object provided is unrecognized: not an object');
  }
  return content as KubernetesObject;
}

interface Versioned {
  resourceVersion?: string;
  uid?: string;
}

/** Optimistic locking: who names a version, or the object's uid, must name the current one. */
function requireVersion(target: Target, { metadata }: KubernetesObject, wanted: Versioned | undefined): void {
  const { resourceVersion = metadata.resourceVersion, uid = metadata.uid } = wanted ?? {};
  if (resourceVersion === metadata.resourceVersion && uid === metadata.uid) return;
  const text = `Operation cannot be fulfilled on ${nameOf(target)}: the object has been modified; please apply your changes to the latest version and try again`;
  throw new StatusError(409, text);
}

/** The object that a request leads to, before it is checked. */
function resulting(
  azure: Azure,
  change: Change,
  { query }: Request,
  sent: KubernetesObject,
  existing: KubernetesObject | undefined,
): KubernetesObject {
  const time = timestamp(azure.clock.now());
  const name = query.get('fieldManager');
  if (change === 'merge') return mergePatch(existing, sent) as KubernetesObject;
  if (!sent.metadata) throw new StatusError(400, 'the object has no metadata');
  if (change === 'apply') {
    if (!name)
      throw new StatusError(400, 'PatchOptions is invalid: fieldManager: Required value: is required for apply patch');
    return applyOnto(existing, sent, { name, operation: 'Apply', time }, query.get('force') === 'true');
  }
  const manager = entryOf(sent, { name: name ?? 'unknown', operation: 'Update', time });
  return { ...sent, metadata: { ...sent.metadata, managedFields: [manager] } };
}

/** RFC 7396. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {};
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

/** Schema, then the names of path and body. */
function checked({ kind, name, namespace }: Target, object: KubernetesObject): KubernetesObject {
  const result = kind.schema?.safeParse(object);
  if (result && !result.success) {
    const causes = result.error.issues.map((issue) => ({
      reason: 'FieldValueInvalid',
      message: issue.message,
      field: issue.path.map(String).join('.'),
    }));
    const text = causes.map(({ field, message }) => `${field}: ${message}`).join(', ');
    throw new StatusError(422, `${kind.kind} "${name}" is invalid: ${text}`, 'Invalid', causes);
  }
  if (object.metadata.name !== name || (object.metadata.namespace ?? namespace) !== namespace) {
    throw new StatusError(400, 'the name or namespace of the object does not match the one of the request');
  }
  return { ...object, metadata: { ...object.metadata, namespace } };
}

/** Server-owned fields stay; the generation counts changes of what was asked for; without a change there is no new version. */
function update(azure: Azure, key: string, existing: KubernetesObject, wanted: KubernetesObject): KubernetesObject {
  const { creationTimestamp, deletionTimestamp, finalizers, generation = 1, uid } = existing.metadata;
  const metadata = { ...wanted.metadata, creationTimestamp, deletionTimestamp, finalizers, generation, uid };
  const changed = withDefaults(azure, { ...wanted, metadata, status: existing['status'] }, existing);
  if (isDeepStrictEqual(comparable(existing), comparable(changed))) return existing;
  if (!isDeepStrictEqual(specOf(existing), specOf(changed))) changed.metadata.generation = generation + 1;
  return onUpdated(azure, saveObject(azure, key, changed), existing);
}

/** As it would come back from the store, without absent fields. */
function stored(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function specOf({ apiVersion, kind, metadata, status, ...spec }: KubernetesObject): unknown {
  return stored(spec);
}

function comparable(object: KubernetesObject): unknown {
  const { managedFields, resourceVersion, ...metadata } = object.metadata;
  return stored({ ...object, metadata });
}
