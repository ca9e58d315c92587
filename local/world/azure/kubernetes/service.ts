/**
 * The Kubernetes API over the wire: identity, discovery, what the control plane's Role allows, and reading. Writing is in `writes.ts`; what
 * objects cause is the controllers' affair. https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
import { resourcesOfType } from '../arm/resources.js';
import type { Azure } from '../azure.js';
import type { Answer, Request, Service } from '../http.js';
import type { Recorder } from '../recorder.js';
import { AUDIENCE } from '../tokens.js';
import { answerAtomically } from '../transaction.js';
import { discover } from './discovery.js';
import { StatusError, statusAnswer } from './errors.js';
import type { KubernetesVerb } from './kinds.js';
import { listObjects, objectKey, readObject } from './objects.js';
import { selectorOf } from './selectors.js';
import { existingOr404, NO_RESOURCE, nameOf, parseTarget, type Target } from './targets.js';
import { watch } from './watch.js';
import { remove, write } from './writes.js';

export interface KubernetesOptions {
  azure: Azure;
  recorder: Recorder;
}

export function kubernetesService(options: KubernetesOptions): Service {
  return {
    name: 'kubernetes',
    refuse: (status, code, message) => statusAnswer(status, message, code),
    absent(request) {
      const target = discover(request.path) ? undefined : parseTarget(request.path);
      return statusAnswer(404, target?.name ? `${nameOf(target)} not found` : NO_RESOURCE);
    },
    answer: (request) => answerAtomically(options.azure, () => route(options, request), refusal),
  };
}

function refusal(error: unknown): Answer | undefined {
  if (!(error instanceof StatusError)) return undefined;
  return statusAnswer(error.code, error.message, error.reason, error.causes);
}

function route({ azure, recorder }: KubernetesOptions, request: Request): Answer {
  const caller = azure.tokens.check(request.headers['authorization'], AUDIENCE.kubernetes);
  if ('refused' in caller) throw new StatusError(401, `Unauthorized: ${caller.refused}`);
  requireCluster(azure);
  const found = request.method === 'GET' ? discover(request.path) : undefined;
  if (found) return { status: 200, body: found };
  const target = parseTarget(request.path);
  const verb = verbOf(request, target);
  const { apiVersion, plural } = target.kind;
  recorder.countRequest(request.method, `${apiVersion.split('/')[0]}/${plural}`);
  if (request.method === 'GET') recorder.add({ method: 'GET', path: decodeURIComponent(request.path) });
  requireAllowed(azure, caller.objectId, verb, target);
  requireNamespace(azure, target);
  if (verb === 'get') return { status: 200, body: existingOr404(azure, target) };
  if (verb === 'list') return list(azure, target, request);
  if (verb === 'watch') return watch(azure, target, request);
  return verb === 'delete' ? remove(azure, recorder, target, request) : write(azure, recorder, target, request);
}

/** The API server is there once the cluster is. */
function requireCluster(azure: Azure): void {
  const [cluster] = resourcesOfType(azure, 'Microsoft.ContainerService/managedClusters');
  const state = cluster?.properties['provisioningState'];
  if (cluster && state !== 'Creating' && state !== 'Failed') return;
  throw new StatusError(503, 'the API server is not there: the cluster is not');
}

const VERBS: Record<string, KubernetesVerb> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

function verbOf({ method, query }: Request, { name }: Target): KubernetesVerb {
  if (method === 'GET' && ['true', '1'].includes(query.get('watch') ?? '')) return 'watch';
  if (query.has('dryRun')) throw new StatusError(400, 'dryRun is not simulated');
  if (method === 'GET') return name === undefined ? 'list' : 'get';
  const verb = VERBS[method];
  const needsName = verb !== 'create';
  if (!verb || needsName !== (name !== undefined)) {
    throw new StatusError(405, `the server does not allow this method on the requested resource: ${method}`);
  }
  return verb;
}

/** The Role of the control plane is data of the kinds; nobody else is bound to one. */
function requireAllowed(
  { settings }: Azure,
  user: string,
  verb: KubernetesVerb,
  { kind, namespace = '' }: Target,
): void {
  if (kind.verbs.includes(verb) && user === settings.identity.objectId) return;
  const text = `${kind.plural} is forbidden: User "${user}" cannot ${verb} resource "${kind.plural}" in the namespace "${namespace}"`;
  throw new StatusError(403, text);
}

function requireNamespace(azure: Azure, { kind, namespace }: Target): void {
  if (!kind.namespaced || namespace === undefined) return;
  if (!readObject(azure, objectKey('namespaces', undefined, namespace))) {
    throw new StatusError(404, `namespaces "${namespace}" not found`);
  }
}

function list(azure: Azure, { kind, namespace }: Target, { query }: Request): Answer {
  const items = listObjects(azure, kind.plural, namespace).filter(selectorOf(query));
  const { apiVersion } = kind;
  const metadata = { resourceVersion: String(azure.store.current('resourceVersion')) };
  return { status: 200, body: { apiVersion, kind: `${kind.kind}List`, metadata, items } };
}
