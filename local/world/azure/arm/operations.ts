/**
 * Long-running operations: a creation, change, deletion or purge that ends at a stored world time, with the status addresses that clients poll.
 * Protocol: https://github.com/cloud-and-ai-microsoft/resource-provider-contract/blob/master/v1.0/async-api-reference.md
 */
import { type Azure, mintGuid } from '../azure.js';
import type { Answer } from '../http.js';
import type { Job } from '../jobs.js';
import { holdOn } from './contention.js';
import { ArmError, notFound } from './errors.js';
import { keyOf } from './resource-id.js';
import type { Call, LongRunning, Resource, ResourceType } from './resource-type.js';
import { readResource, removeResource, represent, saveResource } from './resources.js';
import { endPurge } from './soft-delete.js';

interface Operation {
  id: string;
  kind: 'create' | 'update' | 'delete' | 'purge';
  resourceKey: string;
  status: 'Running' | 'Succeeded' | 'Failed';
  startMs: number;
  endMs?: number;
  error?: { code: string; message: string };
}

/** How long a poller is asked to wait; the SDKs obey it. */
const RETRY_AFTER_SECONDS = 5;

const END_OPERATION = 'end-operation';
const FORGET_OPERATION = 'forget-operation';

/** How long the status of an ended operation can be asked for: far longer than any poller waits. */
const KEPT_MS = 24 * 3_600_000;

/** Starts an operation on a resource and returns the headers of the answer; without a call nobody is answered. */
export function startOperation(
  azure: Azure,
  resource: Resource,
  kind: Operation['kind'],
  rule: LongRunning,
  call?: Pick<Call, 'apiVersion' | 'fault'>,
): Record<string, string> {
  const { fault } = call ?? {};
  const id = mintGuid(azure);
  const resourceKey = keyOf(resource.id);
  const startMs = azure.clock.now();
  azure.store.put('operations', id, { id, kind, resourceKey, status: 'Running', startMs } satisfies Operation);
  if (fault?.kind !== 'stuck-operation') {
    const error = fault?.kind === 'failed-operation' ? fault.error : undefined;
    azure.jobs.schedule(END_OPERATION, id, startMs + azure.latency(rule.latency, resourceKey), { error });
  }
  return rule.headers && call ? pollHeaders(azure, resource, id, call.apiVersion) : {};
}

/** Azure-AsyncOperation first, Location beside it: clients use the one they prefer. */
function pollHeaders(azure: Azure, { location, type }: Resource, id: string, apiVersion: string) {
  const { endpoints, settings } = azure;
  const [namespace] = type.split('/');
  const region = (location ?? settings.location).toLowerCase().replaceAll(' ', '');
  const base = `${endpoints.arm}/subscriptions/${settings.subscriptionId}/providers/${namespace}/locations/${region}`;
  const suffix = `${id}?api-version=${apiVersion}`;
  return {
    'azure-asyncoperation': `${base}/operationStatuses/${suffix}`,
    location: `${base}/operationResults/${suffix}`,
    'retry-after': String(RETRY_AFTER_SECONDS),
  };
}

/** The steps that end an operation and, later, forget it. */
export function endOperations(azure: Azure): void {
  azure.jobs.on(END_OPERATION, ({ data, dueMs, subject }: Job) => {
    const operation = azure.store.get<Operation>('operations', subject);
    if (!operation) return;
    const error = end(azure, operation, data['error'] as Operation['error'], dueMs);
    const status = error ? 'Failed' : 'Succeeded';
    azure.store.put('operations', operation.id, { ...operation, status, endMs: dueMs, error });
    azure.jobs.schedule(FORGET_OPERATION, operation.id, dueMs + KEPT_MS);
  });
  azure.jobs.on(FORGET_OPERATION, ({ subject }) => azure.store.delete('operations', subject));
}

/** What the end of an operation does to its resource. Returns why it failed, if it did. */
function end(azure: Azure, { kind, resourceKey }: Operation, failure: Operation['error'], atMs: number) {
  if (kind === 'purge') {
    if (!failure) endPurge(azure, resourceKey);
    return failure;
  }
  const resource = readResource(azure, resourceKey);
  if (!resource) return failure;
  const isDeletion = kind === 'delete';
  const error = failure ?? (isDeletion ? undefined : completionError(azure, settle(azure, resource, 'Succeeded')));
  // A deletion that failed leaves what was there.
  if (error) settle(azure, resource, isDeletion ? 'Succeeded' : 'Failed');
  else if (isDeletion) removeResource(azure, resource, atMs);
  const type = azure.registry.byType(resource.type);
  if (type) holdOn(azure, type, resourceKey);
  return error;
}

function settle(azure: Azure, resource: Resource, provisioningState: string): Resource {
  return saveResource(azure, { ...resource, properties: { ...resource.properties, provisioningState } });
}

/** Runs what the type does once the resource is there; an operation tells a refusal, a request would have thrown it. */
function completionError(azure: Azure, resource: Resource): Operation['error'] {
  try {
    azure.registry.byType(resource.type)?.completed?.(azure, resource);
    return undefined;
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    return { code: error.code, message: error.message };
  }
}

/** The two status resources that every provider with long operations has. */
export function operationTypes(namespace: string, apiVersions: readonly string[]): ResourceType[] {
  const common = { apiVersions, verbs: ['GET'] as const, parentless: true };
  return [
    {
      ...common,
      type: `${namespace}/locations/operationStatuses`,
      custom: { GET: (call) => statusAnswer(find(call)) },
    },
    {
      ...common,
      type: `${namespace}/locations/operationResults`,
      custom: {
        GET: (call) => {
          const { kind, resourceKey, status } = find(call);
          if (status === 'Running') return { status: 202, headers: { 'retry-after': String(RETRY_AFTER_SECONDS) } };
          const resource = readResource(call.azure, resourceKey);
          const type = resource && call.azure.registry.byType(resource.type);
          if (kind === 'delete' || kind === 'purge' || !type) return { status: 204 };
          return { status: 200, body: represent(call.azure, type, resource) };
        },
      },
    },
  ];
}

function find({ azure, id }: Call): Operation {
  const operation = azure.store.get<Operation>('operations', id.names.at(-1) ?? '');
  if (!operation) throw notFound(`The operation '${id.names.at(-1)}'`);
  return operation;
}

function statusAnswer(operation: Operation): Answer {
  const { endMs, error, id, startMs, status } = operation;
  return {
    status: 200,
    headers: status === 'Running' ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : {},
    body: {
      id,
      name: id,
      status,
      startTime: new Date(startMs).toISOString(),
      endTime: endMs === undefined ? undefined : new Date(endMs).toISOString(),
      error,
    },
  };
}
