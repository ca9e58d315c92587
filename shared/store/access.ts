/** The `access` container: teams, shared models, their ledgers, operations, plans and outboxes, all by partition. */
import type { Container, SqlParameter } from '@azure/cosmos';
import type { OperationFilter, Store, Stored, Write } from '../application/store.js';
import { azureCall } from '../azure/azure-error.js';
import { LISTED_FIELDS, type ListedOperation } from '../model/operation.js';
import { ServiceError } from '../model/service-error.js';
import type { TeamDocument } from '../model/team.js';
import { operationOf, patchBody, withoutSystemFields } from './cosmos.js';
import { readPage } from './page.js';

type Raw = Record<string, unknown>;

export function accessStore(access: Container): Store {
  const query = async <Document>(
    what: string,
    text: string,
    parameters: SqlParameter[] = [],
    partitionKey?: string,
  ) => {
    const { resources } = await call(what, () =>
      access.items.query<Raw>({ query: text, parameters }, { partitionKey }).fetchAll(),
    );
    return resources.map(
      (raw): Stored<Document> => ({ document: withoutSystemFields<Document>(raw), etag: String(raw['_etag']) }),
    );
  };
  const documents = async <Document>(what: string, text: string, parameters: SqlParameter[] = []) =>
    (await query<Document>(what, text, parameters)).map(({ document }) => document);

  return {
    async read<Document>(partition: string, id: string): Promise<Stored<Document> | undefined> {
      const { resource, etag } = await call(`read document "${id}"`, () => access.item(id, partition).read<Raw>());
      return resource && { document: withoutSystemFields<Document>(resource), etag };
    },

    async commit(partition: string, writes: readonly Write[]): Promise<boolean> {
      return unlessRefused(async () => {
        const { code, result } = await call('write documents together', () =>
          access.items.batch(writes.map(operationOf), partition),
        );
        const failed = result?.find(
          ({ statusCode }) => statusCode >= 300 && statusCode !== FAILED_DEPENDENCY,
        )?.statusCode;
        const status = failed ?? (code !== undefined && code >= 300 ? code : undefined);
        if (status !== undefined) throw refusal(status);
      });
    },

    async patch<Document>(partition: string, write: Extract<Write, { patch: string }>): Promise<Document | undefined> {
      let patched: Document | undefined;
      await unlessRefused(async () => {
        const { resource } = await call(`change document "${write.patch}"`, () =>
          access.item(write.patch, partition).patch<Raw>(patchBody(write)),
        );
        patched = resource && withoutSystemFields<Document>(resource);
      });
      return patched;
    },

    listIn: <Document>(partition: string, type: string) =>
      query<Document>(
        `list ${type} documents`,
        'SELECT * FROM c WHERE c.type = @type',
        [{ name: '@type', value: type }],
        partition,
      ),

    listAll: <Document>(type: string, max: number) =>
      documents<Document>(`list ${type} documents`, 'SELECT TOP @max * FROM c WHERE c.type = @type', [
        { name: '@max', value: max },
        { name: '@type', value: type },
      ]),

    listOperations: (filter, pageSize, after) =>
      readPage<ListedOperation>(
        access,
        {
          what: 'list operations',
          select: `${LISTED_FIELDS.map((field) => `c.${field}`).join(', ')}, ARRAY(SELECT s.status FROM s IN c.steps) AS steps`,
          ...predicate(filter),
          keys: ['createdAt', 'id'],
          isDescending: true,
        },
        pageSize,
        after,
      ),

    listTeams: (pageSize, after) =>
      readPage<TeamDocument>(
        access,
        {
          what: 'list teams',
          select: '*',
          conditions: ["c.type = 'team'"],
          parameters: [],
          keys: ['name'],
          isDescending: false,
        },
        pageSize,
        after,
      ),

    listMoving: (max) =>
      documents(
        'list moving operations',
        "SELECT TOP @max * FROM c WHERE c.type = 'operation' AND c.phase IN ('accepted', 'running', 'unwinding') ORDER BY c.lastUpdatedAt",
        [{ name: '@max', value: max }],
      ),

    listModels: () => documents('list models', `SELECT TOP ${LIST_MAX} * FROM c WHERE c.type = 'model'`),
  };
}

const LIST_MAX = 1000;

/** Status of the other operations when one of a transaction failed. */
const FAILED_DEPENDENCY = 424;
/** Conflict, precondition failed, and not found: somebody else was first. */
const REFUSED = [404, 409, 412];

const call = <Result>(action: string, run: () => Promise<Result>): Promise<Result> => azureCall('cosmos', action, run);

const refusal = (status: number): ServiceError =>
  new ServiceError({
    service: 'cosmos',
    action: 'write documents together',
    code: `Http${status}`,
    status,
    detail: 'refused',
  });

async function unlessRefused(write: () => Promise<void>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (error instanceof ServiceError && error.status !== undefined && REFUSED.includes(error.status)) return false;
    throw error;
  }
}

function predicate({ partition, kind, phases }: OperationFilter) {
  const conditions = ["c.type = 'operation'"];
  const parameters: SqlParameter[] = [];
  const add = (condition: string, name: string, value: string | string[]) => {
    conditions.push(condition);
    parameters.push({ name, value });
  };
  if (partition) add('c.team = @team', '@team', partition);
  if (kind) add('c.kind = @kind', '@kind', kind);
  if (phases) add('ARRAY_CONTAINS(@phases, c.phase)', '@phases', [...phases]);
  return { conditions, parameters };
}
