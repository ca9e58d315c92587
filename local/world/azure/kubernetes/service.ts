/**
 * The Kubernetes API over the wire: identity, discovery, routing and the verbs on objects. What objects cause is the controllers' affair.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
import { isDeepStrictEqual } from 'node:util';
import { parse as parseYaml } from 'yaml';
import type { Azure } from '../azure.js';
import type { Answer, Request, Service } from '../http.js';
import type { Recorder } from '../recorder.js';
import { AUDIENCE } from '../tokens.js';
import { applyOnto, entryOf, type Manager } from './apply.js';
import { onCreated, onDeleted, onUpdated } from './controllers.js';
import { discover } from './discovery.js';
import { StatusError, statusAnswer } from './errors.js';
import { type Kind, type KubernetesVerb, kindOf } from './kinds.js';
import {
  createObject,
  type KubernetesObject,
  listObjects,
  objectKey,
  readObject,
  saveObject,
  timestamp,
} from './objects.js';
import { selectorOf } from './selectors.js';

interface Target {
  kind: Kind;
  namespace?: string;
  name?: string;
}

export interface KubernetesOptions {
  azure: Azure;
  recorder: Recorder;
}

export function kubernetesService(options: KubernetesOptions): Service {
  return {
    name: 'kubernetes',
    refuse: (status, code, message) => statusAnswer(status, message, code),
    answer(request) {
      const { azure } = options;
      azure.jobs.runDue();
      const given = guarded(() => azure.store.atomic(() => route(options, request)));
      azure.jobs.arm();
      return given;
    },
  };
}

function guarded(run: () => Answer): Answer {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return statusAnswer(error.code, error.message, error.reason, error.causes);
  }
}

function route({ azure, recorder }: KubernetesOptions, request: Request): Answer {
  const caller = azure.tokens.check(request.headers['authorization'], AUDIENCE.kubernetes);
  if ('refused' in caller) throw new StatusError(401, `Unauthorized: ${caller.refused}`);
  const found = request.method === 'GET' ? discover(request.path) : undefined;
  if (found) return { status: 200, body: found };
  const target = parseTarget(request.path);
  const verb = verbOf(request, target);
  const { kind } = target;
  recorder.countRequest(request.method, `${kind.apiVersion.split('/')[0]}/${kind.plural}`);
  const allowed = kind.verbs.includes(verb) && caller.objectId === azure.settings.identity.objectId;
  if (!allowed) {
    const text = `${kind.plural} is forbidden: User "${caller.objectId}" cannot ${verb} resource "${kind.plural}" in the namespace "${target.namespace ?? ''}"`;
    throw new StatusError(403, text);
  }
  requireNamespace(azure, target);
  if (verb === 'get') return { status: 200, body: existingOr404(azure, target) };
  if (verb === 'list') return list(azure, target, request);
  if (verb === 'delete') return remove(azure, recorder, target, request);
  return write(azure, recorder, target, request);
}

/** `/api/v1/…` and `/apis/<group>/<version>/…`, with or without a namespace; only `status` is a known subresource. */
function parseTarget(path: string): Target {
  const segments = path.split('/').filter(Boolean).map(decodeURIComponent);
  const apiVersion = segments[0] === 'api' ? segments[1] : segments.slice(1, 3).join('/');
  const rest = segments.slice(segments[0] === 'api' ? 2 : 3);
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2;
  const [plural = '', name, subresource] = inNamespace ? rest.slice(2) : rest;
  const kind = kindOf(apiVersion ?? '', plural);
  if (!kind || (subresource !== undefined && subresource !== 'status')) {
    throw new StatusError(404, 'the server could not find the requested resource');
  }
  return { kind, namespace: inNamespace ? rest[1] : undefined, name };
}

const VERBS: Record<string, KubernetesVerb> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

function verbOf({ method, query }: Request, { name }: Target): KubernetesVerb {
  if (query.get('watch') === 'true') throw new StatusError(405, 'watch is not simulated: list again instead');
  if (query.has('dryRun')) throw new StatusError(400, 'dryRun is not simulated');
  if (method === 'GET') return name === undefined ? 'list' : 'get';
  const verb = VERBS[method];
  const needsName = verb !== 'create';
  if (!verb || needsName !== (name !== undefined)) {
    throw new StatusError(405, `the server does not allow this method on the requested resource: ${method}`);
  }
  return verb;
}

function requireNamespace(azure: Azure, { kind, namespace }: Target): void {
  if (!kind.namespaced || namespace === undefined) return;
  if (!readObject(azure, objectKey('namespaces', undefined, namespace))) {
    throw new StatusError(404, `namespaces "${namespace}" not found`);
  }
}

function keyOf({ kind, namespace, name }: Target): string {
  return objectKey(kind.plural, namespace, name ?? '');
}

function qualified({ apiVersion, plural }: Kind): string {
  const [group] = apiVersion.split('/');
  return apiVersion.includes('/') ? `${plural}.${group}` : plural;
}

function existingOr404(azure: Azure, target: Target): KubernetesObject {
  const object = readObject(azure, keyOf(target));
  if (!object) throw new StatusError(404, `${qualified(target.kind)} "${target.name}" not found`);
  return object;
}

function list(azure: Azure, { kind, namespace }: Target, { query }: Request): Answer {
  const selected = selectorOf(query);
  const items = listObjects(azure, kind.plural, namespace).filter(selected);
  const resourceVersion = String(azure.store.revision);
  return {
    status: 200,
    body: { apiVersion: kind.apiVersion, kind: `${kind.kind}List`, metadata: { resourceVersion }, items },
  };
}

function write(azure: Azure, recorder: Recorder, target: Target, request: Request): Answer {
  const sent = readObjectBody(request);
  recorder.write({ method: request.method, path: decodeURIComponent(request.path), body: sent });
  const name = target.name ?? (sent.metadata as { name?: string } | undefined)?.name ?? '';
  const whole = { ...target, name };
  const key = keyOf(whole);
  const existing = readObject(azure, key);
  if (request.method === 'POST' && existing) {
    const prefix = existing.metadata.deletionTimestamp ? 'object is being deleted: ' : '';
    throw new StatusError(409, `${prefix}${qualified(target.kind)} "${name}" already exists`, 'AlreadyExists');
  }
  const applies = request.headers['content-type']?.includes('apply-patch') ?? false;
  if (!existing && request.method !== 'POST' && !applies) existingOr404(azure, whole);
  const wanted = checked(whole, resulting(azure, request, sent, existing, applies));
  if (!existing) return { status: 201, body: onCreated(azure, createObject(azure, key, wanted), request.fault) };
  return { status: 200, body: update(azure, key, existing, wanted) };
}

/** The object that a request leads to, before it is checked. */
function resulting(
  azure: Azure,
  { headers, method, query }: Request,
  sent: KubernetesObject,
  existing: KubernetesObject | undefined,
  applies: boolean,
): KubernetesObject {
  const time = timestamp(azure.clock.now());
  const name = query.get('fieldManager');
  if (applies) {
    if (!name)
      throw new StatusError(
        400,
        'PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is required for apply patch',
      );
    return applyOnto(existing, sent, { name, operation: 'Apply', time }, query.get('force') === 'true');
  }
  const manager: Manager = { name: name ?? 'unknown', operation: 'Update', time };
  if (existing) requireVersion(existing, sent);
  if (method !== 'PATCH') return { ...sent, metadata: { ...sent.metadata, managedFields: [entryOf(sent, manager)] } };
  if (!headers['content-type']?.includes('application/merge-patch+json')) {
    throw new StatusError(
      415,
      'the simulator takes application/merge-patch+json and application/apply-patch+yaml only',
    );
  }
  return mergePatch(existing, sent) as KubernetesObject;
}

/** Optimistic locking: who names a version must name the current one. */
function requireVersion(existing: KubernetesObject, sent: KubernetesObject): void {
  const version = sent.metadata?.resourceVersion;
  if (version === undefined || version === existing.metadata.resourceVersion) return;
  const { name } = existing.metadata;
  const text = `Operation cannot be fulfilled on ${existing.kind.toLowerCase()}s "${name}": the object has been modified; please apply your changes to the latest version and try again`;
  throw new StatusError(409, text);
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

/** Server-owned fields stay; the generation counts changes of what was asked for. */
function update(azure: Azure, key: string, existing: KubernetesObject, wanted: KubernetesObject): KubernetesObject {
  const { creationTimestamp, deletionTimestamp, finalizers, generation = 1, uid } = existing.metadata;
  const metadata = { ...wanted.metadata, creationTimestamp, deletionTimestamp, finalizers, generation, uid };
  const changed = { ...wanted, metadata, status: existing['status'] };
  if (isDeepStrictEqual(comparable(existing), comparable(changed))) return existing;
  if (!isDeepStrictEqual(specOf(existing), specOf(changed))) metadata.generation = generation + 1;
  return onUpdated(azure, saveObject(azure, key, changed), existing);
}

function specOf({ apiVersion, kind, metadata, status, ...spec }: KubernetesObject) {
  return spec;
}

/** An update that changes nothing gets no new version. */
function comparable(object: KubernetesObject): unknown {
  const { managedFields, resourceVersion, ...metadata } = object.metadata;
  return JSON.parse(JSON.stringify({ ...object, metadata }));
}

function remove(azure: Azure, recorder: Recorder, target: Target, request: Request): Answer {
  const existing = existingOr404(azure, target);
  recorder.write({ method: 'DELETE', path: decodeURIComponent(request.path) });
  return { status: 200, body: onDeleted(azure, keyOf(target), existing, request.fault) };
}

/** JSON is YAML, too; apply patches come in either. */
function readObjectBody({ body, headers }: Request): KubernetesObject {
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
