/**
 * Azure Resource Manager over the wire: identity, API versions, limits and routing; what a resource does is the engine's and its type's.
 */
import { randomUUID } from 'node:crypto';
import type { Azure } from '../azure.js';
import type { Answer, Request, Service } from '../http.js';
import type { Recorder } from '../recorder.js';
import { hasRole, ROLE } from '../roles.js';
import { AUDIENCE } from '../tokens.js';
import { answerAtomically } from '../transaction.js';
import { act, answer } from './engine.js';
import { ArmError, errorAnswer, notFound, resourceNotFound } from './errors.js';
import type { Registry } from './registry.js';
import { parsePath, type ResourceId, resourceKey } from './resource-id.js';
import type { Call, Json, ResourceType, Verb } from './resource-type.js';
import type { Throttle } from './throttle.js';

const VERBS = new Set(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE']);

/** `2024-05-01` or `2024-06-01-preview`. */
const API_VERSION = /^\d{4}-\d{2}-\d{2}(-[a-z]+)?$/;

export interface ArmOptions {
  azure: Azure;
  throttle: Throttle;
  recorder: Recorder;
}

export function armService(options: ArmOptions): Service {
  return {
    name: 'arm',
    refuse: errorAnswer,
    absent({ path }) {
      const id = parsePath(path);
      const { code, message, status } = id ? resourceNotFound(id) : notFound(`The resource '${path}'`);
      return errorAnswer(status, code, message);
    },
    answer(request) {
      const correlation = request.headers['x-ms-correlation-request-id'] ?? randomUUID();
      const headers = { 'x-ms-request-id': randomUUID(), 'x-ms-correlation-request-id': correlation };
      const given = answerAtomically(options.azure, () => route(options, request), refusal);
      return { ...given, headers: { ...headers, ...given.headers } };
    },
  };
}

function refusal(error: unknown): Answer | undefined {
  if (!(error instanceof ArmError)) return undefined;
  const { code, details, headers, message, status } = error;
  return { ...errorAnswer(status, code, message, details), headers };
}

function route(options: ArmOptions, request: Request): Answer {
  const { azure, recorder, throttle } = options;
  const caller = azure.tokens.check(request.headers['authorization'], [...AUDIENCE.arm, azure.endpoints.arm]);
  if ('refused' in caller) throw unauthenticated(azure, caller.refused);
  const id = parsePath(request.path);
  if (!id) throw new ArmError(404, 'InvalidResourceType', `No resource can stand at '${request.path}'.`);
  const subscriptionId = id.subscriptionId ?? '';
  const remaining = throttle.takeArm(subscriptionId, caller.objectId, request.method);
  const { type, verb } = resolve(azure.registry, id, request.method);
  const limit = verb === 'POST' ? undefined : type.throttle?.[verb];
  throttle.takeProvider(subscriptionId, `${verb} ${type.type}`, limit);
  const name = verb === 'POST' ? `${type.type}/${id.trailing}` : type.type;
  recorder.countRequest(verb === 'LIST' ? 'LIST' : request.method, name);
  const apiVersion = requireApiVersion(request, type);
  authorize(azure, caller.objectId, request);
  const body = readBody(request);
  const isRead = verb === 'GET' || verb === 'HEAD' || verb === 'LIST';
  const asked = { method: request.method, path: decodeURIComponent(request.path), apiVersion };
  recorder.add(isRead ? asked : { ...asked, body });
  const { fault, headers, query } = request;
  const call: Call = {
    azure,
    id,
    key: resourceKey(id),
    apiVersion,
    query,
    headers,
    body,
    fault,
  };
  const given = verb === 'POST' ? act(call, type, id.trailing ?? '') : answer(call, type, verb);
  return { ...given, headers: { ...remaining, ...given.headers } };
}

function unauthenticated({ settings }: Azure, reason: string): ArmError {
  return new ArmError(401, 'InvalidAuthenticationToken', reason, undefined, {
    'www-authenticate': `Bearer authorization_uri="https://login.windows.net/${settings.tenantId}", error="invalid_token", error_description="${reason.replaceAll('"', "'")}"`,
  });
}

/** The type that a path means: of the resource, of the collection (a list), or of the resource that an action runs on. */
function resolve(registry: Registry, id: ResourceId, method: string): { type: ResourceType; verb: Verb | 'POST' } {
  const isAction = method === 'POST';
  const wanted = id.trailing && !isAction ? `${id.type}/${id.trailing}` : id.type;
  const type = registry.byType(wanted);
  const [namespace = ''] = wanted.split('/');
  if (!type && !registry.hasProvider(namespace)) {
    throw new ArmError(404, 'InvalidResourceNamespace', `The resource namespace '${namespace}' is not simulated.`);
  }
  if (!type) throw new ArmError(404, 'InvalidResourceType', `The resource type '${wanted}' could not be found.`);
  if (isAction && id.trailing) return { type, verb: 'POST' };
  if (id.trailing && method === 'GET') return { type, verb: 'LIST' };
  if (id.trailing || !VERBS.has(method)) {
    throw new ArmError(405, 'MethodNotAllowed', `The method ${method} is not allowed on '${wanted}'.`);
  }
  return { type, verb: method as Verb };
}

function requireApiVersion({ query }: Request, type: ResourceType): string {
  const apiVersion = query.get('api-version') ?? '';
  if (apiVersion === '') {
    const text = 'The api-version query parameter (?api-version=) is required for all requests.';
    throw new ArmError(400, 'MissingApiVersionParameter', text);
  }
  const supported = type.apiVersions.join(', ');
  if (!API_VERSION.test(apiVersion)) {
    const text = `The api-version '${apiVersion}' is invalid. The supported versions are '${supported}'.`;
    throw new ArmError(400, 'InvalidApiVersionParameter', text);
  }
  if (!type.apiVersions.includes(apiVersion)) {
    const text = `No registered resource provider found for API version '${apiVersion}' for type '${type.type}'. The supported api-versions are '${supported}'.`;
    throw new ArmError(400, 'NoRegisteredProviderFound', text);
  }
  return apiVersion;
}

/** Anyone but the control plane needs a general role on the resource; finer ones are not evaluated. */
function authorize(azure: Azure, objectId: string, request: Request): void {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const roles = [ROLE.owner, ROLE.contributor, ...(isRead ? [ROLE.reader] : [])];
  if (hasRole(azure, objectId, roles, decodeURIComponent(request.path))) return;
  const text = `The client with object id '${objectId}' does not have authorization to perform action over scope '${request.path}'.`;
  throw new ArmError(403, 'AuthorizationFailed', text);
}

function readBody({ body }: Request): Json {
  if (body.length === 0) return {};
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Json;
  } catch {
    // Falls through to the same refusal as a body that is no object.
  }
  throw new ArmError(400, 'InvalidRequestContent', 'The request content was invalid and could not be deserialized.');
}
