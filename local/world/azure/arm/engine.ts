/**
 * What every resource type has in common: the verbs of ARM over the stored resources, with names, schemas, preconditions and long-running
 * operations as the type describes them.
 */
import type { Answer } from '../http.js';
import { contend } from './contention.js';
import { ArmError, invalidBody, resourceNotFound } from './errors.js';
import { startOperation } from './operations.js';
import { keyOf, parentKey, resourceKey } from './resource-id.js';
import type { Call, Json, Resource, ResourceType, Verb } from './resource-type.js';
import { descendants, inMotion, readResource, removeResource, represent, saveResource } from './resources.js';

/** Elements of one page of a list; real providers differ between 20 and 1000. */
const PAGE_SIZE = 50;

/** Answers a request on a resource of `type`, or on the collection or action that `call.id.trailing` names. */
export function answer(call: Call, type: ResourceType, verb: Verb): Answer {
  if (!type.verbs.includes(verb)) throw methodNotAllowed(verb, type);
  requireScope(call, type, verb);
  const run = type.custom?.[verb] ?? ((asked: Call) => VERBS[verb](asked, type));
  const isWrite = verb === 'PUT' || verb === 'PATCH' || verb === 'DELETE';
  return isWrite ? contend(call, type, () => run(call)) : run(call);
}

const VERBS: Record<Verb, (call: Call, type: ResourceType) => Answer> = {
  LIST: list,
  PUT: put,
  PATCH: patch,
  DELETE: remove,
  GET: read,
  HEAD: read,
};

export function act(call: Call, type: ResourceType, action: string): Answer {
  const name = Object.keys(type.actions ?? {}).find((known) => known.toLowerCase() === action.toLowerCase());
  const run = name && type.actions?.[name];
  if (!run) throw new ArmError(404, 'InvalidResourceType', `'${type.type}' has no action '${action}'.`);
  return run(call, existingOr404(call));
}

function methodNotAllowed(verb: string, type: ResourceType): ArmError {
  return new ArmError(405, 'MethodNotAllowed', `The method ${verb} is not allowed on '${type.type}'.`);
}

/** Azure subscription, resource group and parent must be there before anything is said about the resource. */
function requireScope(call: Call, type: ResourceType, verb: Verb): void {
  const { azure, id } = call;
  if (id.subscriptionId?.toLowerCase() !== azure.settings.subscriptionId.toLowerCase()) {
    throw new ArmError(404, 'SubscriptionNotFound', `The subscription '${id.subscriptionId}' could not be found.`);
  }
  if (type.parentless) return;
  const group = `/subscriptions/${id.subscriptionId}/resourceGroups/${id.resourceGroup}`;
  if (id.resourceGroup && type.type !== 'Microsoft.Resources/resourceGroups') {
    const found = readResource(azure, group);
    const message = `Resource group '${id.resourceGroup}' could not be found.`;
    if (!found) throw new ArmError(404, 'ResourceGroupNotFound', message);
    if (verb === 'PUT' && inMotion(found)) {
      const text = `The resource group '${id.resourceGroup}' is in deprovisioning state and cannot perform this operation.`;
      throw new ArmError(409, 'ResourceGroupBeingDeleted', text);
    }
  }
  const parent = id.trailing && id.names.length > 0 ? resourceKey(id) : parentKey(id);
  const atSubscription = parent.split('/').length <= 3;
  if (!atSubscription && !readResource(azure, parent)) {
    throw new ArmError(
      404,
      'ParentResourceNotFound',
      `Can not perform requested operation: parent '${parent}' not found.`,
    );
  }
}

function existingOr404({ azure, id, key }: Call): Resource {
  const existing = readResource(azure, key);
  if (!existing) throw resourceNotFound(id);
  return existing;
}

function read(call: Call, type: ResourceType): Answer {
  const resource = existingOr404(call);
  return { status: 200, headers: etagHeader(resource), body: represent(call.azure, type, resource) };
}

function etagHeader(resource: Resource): Record<string, string> {
  return { etag: `"${resource.etag}"` };
}

function list(call: Call, type: ResourceType): Answer {
  const { azure, query } = call;
  const all = type.listed ? type.listed(call) : storedChildren(call, type);
  const expression = query.get('$filter');
  if (expression && !type.filter) {
    throw new ArmError(
      400,
      'InvalidFilter',
      `'${type.type}' is listed without $filter in this simulator: ${expression}`,
    );
  }
  const kept = expression && type.filter ? all.filter(type.filter(azure, expression)) : all;
  const start = Number(query.get('$skiptoken') ?? query.get('$skip') ?? 0);
  const size = Math.min(Number(query.get('$top') ?? PAGE_SIZE), PAGE_SIZE);
  const value = kept.slice(start, start + size).map((resource) => represent(azure, type, resource));
  const more = start + size < kept.length && !query.has('$top');
  return {
    status: 200,
    body: { value, count: kept.length, ...(more ? { nextLink: nextLink(call, start + size) } : {}) },
  };
}

function nextLink({ azure, id, query }: Call, start: number): string {
  const next = new URLSearchParams(query);
  next.set('$skiptoken', String(start));
  const [namespace, ...types] = id.type.split('/');
  const inner = types.flatMap((type, at) => [type, id.names[at] ?? '']);
  const path = [id.scope, 'providers', namespace, ...inner.slice(0, types.length + id.names.length), id.trailing];
  return `${azure.endpoints.arm}${path.filter((part) => part !== undefined && part !== '').join('/')}?${next}`;
}

/** Direct children of the collection; a top-level type can be listed by resource group or by Azure subscription. */
function storedChildren(call: Call, type: ResourceType): Resource[] {
  const { azure, id } = call;
  const nested = id.names.length > 0;
  const prefix = nested ? resourceKey(id) : keyOf(id.scope);
  const ofType = descendants(azure, prefix, type.type);
  const depth = prefix.split('/').length + 2;
  return nested ? ofType.filter((resource) => resource.id.split('/').length === depth) : ofType;
}

function put(call: Call, type: ResourceType): Answer {
  requireName(call, type);
  const existing = readResource(call.azure, call.key);
  checkConditions(call, type, existing, 'PUT');
  const checked = { ...call, body: parseBody(type.body, call) };
  type.beforeWrite?.(checked, existing);
  if (!existing) requireRoom(call, type);
  const status = existing ? 200 : (type.createdStatus ?? 201);
  return written(checked, type, existing, { done: status, accepted: status });
}

function patch(call: Call, type: ResourceType): Answer {
  const existing = existingOr404(call);
  checkConditions(call, type, existing, 'PATCH');
  const body = parseBody(type.patch ?? type.body, call);
  type.beforeWrite?.({ ...call, body }, existing);
  const properties = { ...existing.properties, ...(body['properties'] as Json) };
  const merged = { ...pick(existing), ...body, properties };
  return written({ ...call, body: merged }, type, existing, { done: 200, accepted: 202 });
}

/** Stores what a checked body asks for, and starts the operation that it takes, if it takes one. */
function written(
  call: Call,
  type: ResourceType,
  existing: Resource | undefined,
  status: { done: number; accepted: number },
): Answer {
  const { azure } = call;
  const isAnew = !existing || existing.properties['provisioningState'] === 'Failed';
  const rule = isAnew ? type.creation : type.update;
  const operation = rule && (rule.applies?.(call) ?? true) ? rule : undefined;
  const resource = store(call, type, existing, operation && (operation.state ?? (isAnew ? 'Creating' : 'Updating')));
  const kind = isAnew ? 'create' : 'update';
  const headers = operation ? startOperation(azure, resource, kind, operation, call) : {};
  if (!operation) type.completed?.(azure, resource);
  const shown = readResource(azure, call.key) ?? resource;
  return {
    status: operation ? status.accepted : status.done,
    headers: { ...etagHeader(shown), ...headers },
    body: represent(azure, type, shown),
  };
}

function pick({ identity, kind, location, sku, tags }: Resource): Json {
  return { identity, kind, location, sku, tags };
}

/** Builds and saves the resource that a body asks for; `state` while an operation is under way. */
export function store(call: Call, type: ResourceType, existing: Resource | undefined, state?: string): Resource {
  const { azure, body } = call;
  const built = type.build?.(call, existing) ?? {};
  const properties = { ...((built.properties ?? body['properties'] ?? {}) as Json) };
  const atRest = existing && inMotion(existing) ? existing.properties['provisioningState'] : 'Succeeded';
  if (type.creation) properties['provisioningState'] = state ?? atRest;
  return saveResource(azure, {
    id: existing?.id ?? canonicalId(call, type),
    name: existing?.name ?? call.id.names.at(-1) ?? '',
    type: type.type,
    ...(pick(body as never) as Partial<Resource>),
    ...built,
    properties,
    etag: '',
    createdMs: existing?.createdMs ?? azure.clock.now(),
  });
}

/** The id as the service shows it: the parent's own spelling, then the type's. */
function canonicalId({ azure, id }: Call, type: ResourceType): string {
  const parent = readResource(azure, parentKey(id));
  const name = id.names.at(-1);
  if (id.names.length > 1 && parent) return `${parent.id}/${type.type.split('/').at(-1)}/${name}`;
  const scope = parent?.id ?? id.scope;
  if (type.type === 'Microsoft.Resources/resourceGroups') return `${scope}/resourceGroups/${name}`;
  const [namespace, ...types] = type.type.split('/');
  const inner = types.flatMap((part, at) => [part, id.names[at] ?? '']);
  return [scope, 'providers', namespace, ...inner].join('/');
}

function remove(call: Call, type: ResourceType): Answer {
  const { azure } = call;
  const existing = readResource(azure, call.key);
  checkConditions(call, type, existing, 'DELETE');
  if (!existing) return { status: 204 };
  type.beforeWrite?.(call, existing);
  type.beforeDelete?.(call, existing);
  if (!type.deletion) {
    removeResource(azure, existing);
    return { status: 200, body: type.showsDeleted ? represent(azure, type, existing) : undefined };
  }
  const properties = { ...existing.properties, provisioningState: type.deletion.state ?? 'Deleting' };
  const resource = saveResource(azure, { ...existing, properties });
  const headers = startOperation(azure, resource, 'delete', { ...type.deletion, headers: true }, call);
  return { status: 202, headers, body: type.showsDeleted ? represent(azure, type, resource) : undefined };
}

function requireRoom({ azure, id }: Call, { limit, type }: ResourceType): void {
  if (!limit) return;
  const isNested = id.names.length > 1;
  const parent = isNested ? parentKey(id) : `/subscriptions/${id.subscriptionId}`;
  const count = limit.count(azure);
  if (descendants(azure, parent, type).length < count) return;
  const text = `There are ${count} of '${type}' below '${parent}' already, which is the limit.`;
  throw new ArmError(400, limit.code ?? 'QuotaExceeded', text);
}

function requireName({ id }: Call, type: ResourceType): void {
  const name = id.names.at(-1) ?? '';
  if (type.nameRule && !type.nameRule.test(name)) {
    throw new ArmError(
      400,
      'InvalidResourceName',
      `The name '${name}' of '${type.type}' must match ${type.nameRule.source}.`,
    );
  }
}

/** If-Match and If-None-Match against what is stored, as far as the type knows them. A removal of what is not there has nothing to compare. */
function checkConditions(
  { headers, key }: Call,
  { ifMatch, ifNoneMatch }: ResourceType,
  existing: Resource | undefined,
  verb: 'PUT' | 'PATCH' | 'DELETE',
): void {
  const { 'if-match': match = '', 'if-none-match': noneMatch = '' } = headers;
  if (ifMatch === 'required' && verb !== 'PUT' && match === '') {
    throw new ArmError(400, 'ValidationError', 'The If-Match header is required; * accepts any version.');
  }
  const names = (condition: string) => condition === '*' || condition.replaceAll('"', '') === existing?.etag;
  const mayBeAbsent = ifMatch === 'required' || verb === 'DELETE';
  const isMatched = existing ? names(match) : mayBeAbsent;
  const isExcluded = existing !== undefined && verb === 'PUT' && noneMatch !== '' && names(noneMatch);
  const knowsNoneMatch = ifNoneMatch === 'tag' || (ifNoneMatch === 'star' && noneMatch === '*');
  if ((ifMatch && match !== '' && !isMatched) || (knowsNoneMatch && isExcluded)) {
    throw new ArmError(412, 'PreconditionFailed', `The precondition of '${key}' does not hold.`);
  }
}

function parseBody(schema: ResourceType['body'], { body }: Call): Json {
  if (!schema) return body;
  const result = schema.safeParse(body);
  if (!result.success) throw invalidBody(result.error);
  return result.data as Json;
}
