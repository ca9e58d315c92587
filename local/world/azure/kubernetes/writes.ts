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
import { createObject, type KubernetesObject, readObject, removeObject, saveObject, timestamp } from './objects.js';
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
  const existing = change === 'replace' || change === 'merge' ? existingOr404(azure, target) : readObject(azure, key);
  requireConditions(target, change, existing, sent.metadata);
  const wanted = checked(target, resulting(azure, change, request, sent, existing));
  if (existing) return { status: 200, body: update(azure, target, existing, wanted) };
  const created = createObject(azure, key, withDefaults(azure, wanted));
  onCreated(azure, created, request.fault);
  return { status: 201, body: created };
}

export function remove(azure: Azure, recorder: Recorder, target: Target, request: Request): Answer {
  const existing = existingOr404(azure, target);
  recorder.add({ method: 'DELETE', path: decodeURIComponent(request.path) });
  const { preconditions } = (request.body.length > 0 ? readBody(request) : {}) as { preconditions?: Versioned };
  requireSame(target, existing, preconditions);
  const left = onDeleted(azure, keyOf(target), existing, request.fault);
  return { status: 200, body: left ?? existing };
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

/** A creation makes something new; a change is made to what it names. Conditional headers mean nothing here. */
function requireConditions(
  target: Target,
  change: Change,
  existing: KubernetesObject | undefined,
  sent: Versioned | undefined,
): void {
  if (change === 'create') {
    if (sent?.resourceVersion) throw new StatusError(500, 'resourceVersion should not be set on objects to be created');
    if (!existing) return;
    const prefix = existing.metadata.deletionTimestamp ? 'object is being deleted: ' : '';
    throw new StatusError(409, `${prefix}${nameOf(target)} already exists`, 'AlreadyExists');
  }
  if (existing) requireSame(target, existing, sent);
  else if (sent?.uid)
    throw conflict(
      target,
      `uid mismatch: the provided object specified uid ${sent.uid}, and no existing object was found`,
    );
  if (change === 'replace' && target.kind.isCustom && !sent?.resourceVersion) {
    const cause = { reason: 'FieldValueInvalid', message: 'Invalid value: 0x0: must be specified for an update' };
    throw invalid(target, [{ ...cause, field: 'metadata.resourceVersion' }]);
  }
}

/** Optimistic locking: who names a version, or the object's uid, must name the current one. */
function requireSame(target: Target, { metadata }: KubernetesObject, wanted: Versioned | undefined): void {
  const { resourceVersion = metadata.resourceVersion, uid = metadata.uid } = wanted ?? {};
  if (uid !== metadata.uid) {
    throw conflict(target, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`);
  }
  if (resourceVersion === metadata.resourceVersion) return;
  throw conflict(target, 'the object has been modified; please apply your changes to the latest version and try again');
}

function conflict(target: Target, reason: string): StatusError {
  return new StatusError(409, `Operation cannot be fulfilled on ${nameOf(target)}: ${reason}`);
}

function invalid({ kind, name }: Target, causes: StatusError['causes']): StatusError {
  const text = causes.map(({ field, message }) => `${field}: ${message}`).join(', ');
  return new StatusError(422, `${kind.kind} "${name}" is invalid: ${text}`, 'Invalid', causes);
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
function checked(target: Target, object: KubernetesObject): KubernetesObject {
  const { kind, name, namespace } = target;
  const result = kind.schema?.safeParse(object);
  if (result && !result.success) {
    const causes = result.error.issues.map((issue) => ({
      reason: 'FieldValueInvalid',
      message: issue.message,
      field: issue.path.map(String).join('.'),
    }));
    throw invalid(target, causes);
  }
  if (object.metadata.name !== name || (object.metadata.namespace ?? namespace) !== namespace) {
    throw new StatusError(400, 'the name or namespace of the object does not match the one of the request');
  }
  return { ...object, metadata: { ...object.metadata, namespace } };
}

/**
 * Server-owned fields stay; all else is as the request says, finalizers that it leaves out included. The generation counts changes of what was
 * asked for; without a change there is no new version.
 */
function update(azure: Azure, target: Target, existing: KubernetesObject, wanted: KubernetesObject): KubernetesObject {
  const { creationTimestamp, deletionGracePeriodSeconds, deletionTimestamp, generation = 1, uid } = existing.metadata;
  const kept = { creationTimestamp, deletionGracePeriodSeconds, deletionTimestamp, generation, uid };
  const metadata = { ...wanted.metadata, ...kept };
  const changed = withDefaults(azure, { ...wanted, metadata, status: existing['status'] }, existing);
  requireNoNewFinalizer(target, existing, changed);
  if (isDeepStrictEqual(comparable(existing), comparable(changed))) return existing;
  if (!isDeepStrictEqual(specOf(existing), specOf(changed))) changed.metadata.generation = generation + 1;
  const saved = saveObject(azure, keyOf(target), changed);
  // Whoever takes the last finalizer of a terminating object lets it go.
  if (deletionTimestamp && !saved.metadata.finalizers?.length) removeObject(azure, keyOf(target));
  else onUpdated(azure, saved, existing);
  return saved;
}

function requireNoNewFinalizer(target: Target, existing: KubernetesObject, { metadata }: KubernetesObject): void {
  const { deletionTimestamp, finalizers: held = [] } = existing.metadata;
  const added = metadata.finalizers?.filter((finalizer) => !held.includes(finalizer)) ?? [];
  if (!deletionTimestamp || added.length === 0) return;
  const list = added.map((finalizer) => `"${finalizer}"`).join(', ');
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  throw invalid(target, [{ reason: 'FieldValueForbidden', message, field: 'metadata.finalizers' }]);
}

/** As it would come back from the store, without absent fields. */
function stored(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function specOf({ apiVersion, kind, metadata, status, ...spec }: KubernetesObject): unknown {
  return stored(spec);
}

function comparable(object: KubernetesObject): unknown {
  const { finalizers = [], managedFields, resourceVersion, ...metadata } = object.metadata;
  return stored({ ...object, metadata: { ...metadata, finalizers } });
}
