/** The one way to Cosmos DB: the client, and how documents and conditions look there. */
import { type Container, CosmosClient, type OperationInput, type PatchOperation } from '@azure/cosmos';
import type { TokenCredential } from '@azure/identity';
import type { Condition, Write } from '../application/store.js';

export interface CosmosSettings {
  endpoint: string;
  database: string;
  /** Only emulators have one; Azure is reached with the app's identity. */
  key?: string;
  callDeadlineSeconds: number;
}

/** `access`: teams, shared models, their ledgers and operations. `rejected`: inputs that could not be taken. */
export interface Containers {
  access: Container;
  rejected: Container;
}

/** A busy second is waited out by the SDK (a caller waits on the other end); what takes longer is a matter of durable timers and redelivery. */
const RETRIES = { maxRetryAttemptCount: 3, fixedRetryIntervalInMilliseconds: 0, maxWaitTimeInSeconds: 2 };

export function openContainers(settings: CosmosSettings, credential: TokenCredential): Containers {
  const { endpoint, database, key, callDeadlineSeconds } = settings;
  const client = new CosmosClient({
    endpoint,
    ...(key ? { key } : { aadCredentials: credential }),
    connectionPolicy: { retryOptions: RETRIES, requestTimeout: callDeadlineSeconds * 1000 },
  });
  const container = (id: string) => client.database(database).container(id);
  return { access: container('access'), rejected: container('rejected') };
}

/** A write as the SDK's transactions take it. */
export function operationOf(write: Write): OperationInput {
  if ('create' in write) return { operationType: 'Create', resourceBody: plainJson(write.create) };
  if ('replace' in write) {
    const { replace, etag } = write;
    return { operationType: 'Replace', id: replace.id, resourceBody: plainJson(replace), ifMatch: etag };
  }
  if ('remove' in write)
    return { operationType: 'Delete', id: write.remove, ...(write.etag && { ifMatch: write.etag }) };
  return { operationType: 'Patch', id: write.patch, resourceBody: patchBody(write) };
}

/** Cosmos accepts at most ten operations in one patch. */
const PATCH_OPERATIONS_MAX = 10;

export function patchBody(write: Extract<Write, { patch: string }>) {
  const operations: PatchOperation[] = [
    ...Object.entries(write.set ?? {}).map(([path, value]) => ({ op: 'set' as const, path, value })),
    ...(write.unset ?? []).map((path) => ({ op: 'remove' as const, path })),
    ...Object.entries(write.add ?? {}).map(([path, value]) => ({ op: 'incr' as const, path, value })),
  ];
  if (operations.length > PATCH_OPERATIONS_MAX)
    throw new Error(`A patch of ${operations.length} operations is too large`);
  const condition = write.if && predicateOf(write.if);
  return { ...(condition && { condition: `FROM c WHERE ${condition}` }), operations };
}

/** A condition as query text. Paths and values are hai's own; both are quoted all the same. */
export function predicateOf({ equals, oneOf, absent, atMost, above }: Condition): string {
  return [
    ...Object.entries(equals ?? {}).map(([path, value]) => `${at(path)} = ${JSON.stringify(value)}`),
    ...Object.entries(oneOf ?? {}).map(
      ([path, values]) => `${at(path)} IN (${values.map((value) => JSON.stringify(value)).join(', ')})`,
    ),
    ...(absent ?? []).map((path) => `NOT IS_DEFINED(${at(path)})`),
    ...Object.entries(atMost ?? {}).map(([path, value]) => `${at(path)} <= ${value}`),
    ...Object.entries(above ?? {}).map(([path, value]) => `${at(path)} > ${value}`),
  ].join(' AND ');
}

/** `/steps/3/status` → `c["steps"][3]["status"]`. */
const at = (pointer: string): string =>
  `c${pointer
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `[${JSON.stringify(part)}]`))
    .join('')}`;

/** Properties that Cosmos adds (`_etag`, `_ts` …) are not the document's. */
export const withoutSystemFields = <Document>(resource: Record<string, unknown>): Document =>
  Object.fromEntries(Object.entries(resource).filter(([key]) => !key.startsWith('_'))) as Document;

/** A document as the SDK types a body: JSON, without the properties that are undefined. */
const plainJson = (document: object) => JSON.parse(JSON.stringify(document)) as Record<string, never>;
