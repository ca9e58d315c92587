/** The one way to Cosmos DB: the client, and the few calls that the collections share. */
import { type Container, CosmosClient, type OperationInput, type PatchOperation } from '@azure/cosmos';
import type { TokenCredential } from '@azure/identity';
import { AzureError, azureCall } from '../azure/azure-error.js';

export interface CosmosSettings {
  endpoint: string;
  database: string;
  /** Only emulators have one; Azure is reached with the app's identity. */
  key?: string;
}

export interface Stored<Document> {
  document: Document;
  etag: string;
}

/** `access`: teams, shared models and their operations. `rejected`: inputs that could not be taken. */
export interface Containers {
  access: Container;
  rejected: Container;
}

/** Waiting is a matter of durable timers and redelivery, not of the SDK. */
const NO_RETRIES = { maxRetryAttemptCount: 0, fixedRetryIntervalInMilliseconds: 0, maxWaitTimeInSeconds: 0 };

export function openContainers({ endpoint, database, key }: CosmosSettings, credential: TokenCredential): Containers {
  const client = new CosmosClient({
    endpoint,
    ...(key ? { key } : { aadCredentials: credential }),
    connectionPolicy: { retryOptions: NO_RETRIES },
  });
  const container = (id: string) => client.database(database).container(id);
  return { access: container('access'), rejected: container('rejected') };
}

/** Point read; undefined when there is no such document. */
export async function readDocument<Document>(
  container: Container,
  id: string,
  partition: string,
): Promise<Stored<Document> | undefined> {
  const { resource, etag } = await azureCall(`read document "${id}"`, () =>
    container.item(id, partition).read<Document & Record<string, unknown>>(),
  );
  return resource && { document: withoutSystemFields(resource) as Document, etag };
}

/** Patches a document if `condition` holds (a predicate over `c`); false when it did not, or when the document is gone. */
export async function patchIf(
  container: Container,
  id: string,
  partition: string,
  condition: string,
  changes: Record<string, unknown>,
): Promise<boolean> {
  const body = { condition: `FROM c WHERE ${condition}`, operations: patchOperations(changes) };
  return unlessRefused(`change document "${id}"`, () => container.item(id, partition).patch(body));
}

/** Runs `operations` as one transaction; false when a condition, an ETag or a taken id refused it, and then nothing was written. */
export async function writeTogether(
  container: Container,
  partition: string,
  operations: OperationInput[],
): Promise<boolean> {
  return unlessRefused('write documents together', async () => {
    const { code, result } = await container.items.batch(operations, partition);
    if (code === undefined || code < 300) {
      const failed = result?.find(({ statusCode }) => statusCode >= 300 && statusCode !== FAILED_DEPENDENCY);
      if (failed)
        throw new AzureError('write documents together', String(failed.statusCode), failed.statusCode, 'refused');
    } else throw new AzureError('write documents together', String(code), code, 'refused');
  });
}

/** In a transaction: creates the document, or replaces the version that the ETag `replacing` names. */
export const createOrReplace = <Document extends { id: string }>(
  document: Document,
  replacing?: string,
): OperationInput =>
  replacing
    ? { operationType: 'Replace', id: document.id, resourceBody: plainJson(document), ifMatch: replacing }
    : { operationType: 'Create', resourceBody: plainJson(document) };

/** A change to one document inside a transaction, with its condition. */
export const patchInBatch = (id: string, condition: string, changes: Record<string, unknown>): OperationInput => ({
  operationType: 'Patch',
  id,
  resourceBody: { condition: `FROM c WHERE ${condition}`, operations: patchOperations(changes) },
});

/** Cosmos accepts at most ten operations in one patch. */
const PATCH_OPERATIONS_MAX = 10;
/** Status of the other operations when one of a transaction failed. */
const FAILED_DEPENDENCY = 424;
/** Conflict, precondition failed, and not found: somebody else was first. */
const REFUSED = [404, 409, 412];

function patchOperations(changes: Record<string, unknown>): PatchOperation[] {
  const operations = Object.entries(changes).map(
    ([path, value]): PatchOperation => (value === REMOVE ? { op: 'remove', path } : { op: 'set', path, value }),
  );
  if (operations.length > PATCH_OPERATIONS_MAX)
    throw new Error(`A patch of ${operations.length} operations is too large`);
  return operations;
}

/** As a change: takes the property away. */
export const REMOVE = Symbol('remove');

async function unlessRefused(action: string, write: () => Promise<unknown>): Promise<boolean> {
  try {
    await azureCall(action, write);
    return true;
  } catch (error) {
    if (error instanceof AzureError && error.status !== undefined && REFUSED.includes(error.status)) return false;
    throw error;
  }
}

/** Properties that Cosmos adds (`_etag`, `_ts` …) are not the document's. */
const withoutSystemFields = (resource: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(resource).filter(([key]) => !key.startsWith('_')));

/** The documents of a query's answer. */
export const documentsOf = <Document>(resources: Record<string, unknown>[] = []): Document[] =>
  resources.map((resource) => withoutSystemFields(resource) as Document);

/** Quotes a text for a predicate, where parameters are not possible. Only ids and enum words of our own are ever put in. */
export const quoted = (text: string): string => JSON.stringify(text);

/** A document as the SDK types a body: JSON, without the properties that are undefined. */
const plainJson = (document: object) => JSON.parse(JSON.stringify(document)) as Record<string, never>;
