/**
 * Long-running operations: a creation or deletion that ends at a stored world time, with the status addresses that clients poll.
 * Protocol: https://github.com/cloud-and-ai-microsoft/resource-provider-contract/blob/master/v1.0/async-api-reference.md
 */
import { type Azure, mintGuid } from '../azure.js';
import type { ActiveFault } from '../faults.js';
import type { Answer } from '../http.js';
import type { Job } from '../jobs.js';
import { notFound } from './errors.js';
import type { Registry } from './registry.js';
import type { Call, LongRunning, Resource, ResourceType } from './resource-type.js';
import { readResource, removeResource, saveResource } from './resources.js';

interface Operation {
  id: string;
  kind: 'create' | 'delete';
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

/** Starts an operation on a stored resource and returns the headers of the answer. */
export function startOperation(call: Call, resource: Resource, kind: Operation['kind'], rule: LongRunning) {
  const { azure, fault, key } = call;
  const operation: Operation = {
    id: mintGuid(azure),
    kind,
    resourceKey: key,
    status: 'Running',
    startMs: azure.clock.now(),
  };
  azure.store.put('operations', operation.id, operation);
  if (fault?.kind !== 'stuck-operation') {
    const dueMs = azure.clock.now() + azure.latency(rule.latency, key);
    azure.jobs.schedule(END_OPERATION, operation.id, dueMs, { error: failure(fault) });
  }
  return rule.headers ? pollHeaders(call, resource, operation.id) : {};
}

function failure(fault: ActiveFault | undefined) {
  return fault?.kind === 'failed-operation' ? fault.error : undefined;
}

/** Azure-AsyncOperation first, Location beside it: clients use the one they prefer. */
function pollHeaders(call: Call, resource: Resource, operationId: string): Record<string, string> {
  const [namespace] = resource.type.split('/');
  const { azure, id } = call;
  const location = (resource.location ?? azure.settings.location).toLowerCase().replaceAll(' ', '');
  const base = `${azure.endpoints.arm}/subscriptions/${id.subscriptionId}/providers/${namespace}/locations/${location}`;
  const suffix = `${operationId}?api-version=${call.apiVersion}`;
  return {
    'azure-asyncoperation': `${base}/operationStatuses/${suffix}`,
    location: `${base}/operationResults/${suffix}`,
    'retry-after': String(RETRY_AFTER_SECONDS),
  };
}

/** The steps that end an operation and, later, forget it. */
export function endOperations(azure: Azure, registry: Registry): void {
  azure.jobs.on(END_OPERATION, (job: Job) => {
    const operation = azure.store.get<Operation>('operations', job.subject);
    if (!operation) return;
    const error = job.data['error'] as Operation['error'];
    const ended: Operation = { ...operation, status: error ? 'Failed' : 'Succeeded', endMs: job.dueMs, error };
    azure.store.put('operations', operation.id, ended);
    azure.jobs.schedule(FORGET_OPERATION, operation.id, job.dueMs + KEPT_MS);
    const resource = readResource(azure, operation.resourceKey);
    if (resource) applyEnd(azure, registry.byType(resource.type), resource, ended);
  });
  azure.jobs.on(FORGET_OPERATION, ({ subject }) => azure.store.delete('operations', subject));
}

function applyEnd(azure: Azure, type: ResourceType | undefined, resource: Resource, ended: Operation): void {
  const settle = (provisioningState: string) =>
    saveResource(azure, { ...resource, properties: { ...resource.properties, provisioningState } });
  if (ended.kind === 'create' && ended.error) settle('Failed');
  else if (ended.kind === 'create') settle('Succeeded');
  else if (ended.error) settle('Succeeded');
  else {
    type?.deleted?.(azure, resource, ended.endMs ?? azure.clock.now());
    removeResource(azure, resource);
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
          const operation = find(call);
          if (operation.status !== 'Running') return { status: operation.kind === 'delete' ? 204 : 200 };
          return { status: 202, headers: { 'retry-after': String(RETRY_AFTER_SECONDS) } };
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
