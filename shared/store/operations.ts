/** Operations in Cosmos: read, listed, and moved forward, never back. */

import type { OperationInput } from '@azure/cosmos';
import { partitionOf } from '../model/naming.js';
import { type OperationDocument, type OperationPhase, STEP_RANK, type StepStatus } from '../model/operation.js';
import type { Problem } from '../model/problem.js';
import { type Containers, documentsOf, patchIf, patchInBatch, quoted, readDocument, type Stored } from './cosmos.js';

export interface OperationFilter {
  team?: string;
  kind?: string;
  phases?: OperationPhase[];
}

export interface OperationPage {
  operations: OperationDocument[];
  /** Opaque; absent on the last page. */
  continuation?: string;
}

export interface StepChange {
  status: StepStatus;
  waitingFor?: string;
  error?: Problem;
}

export interface OperationEnd {
  phase: OperationPhase;
  error?: Problem;
}

/** Lost commands re-sent by one sweep; the next one takes the rest. */
const SWEEP_MAX = 100;

export function operationStore({ access }: Containers) {
  return {
    read: (id: string): Promise<Stored<OperationDocument> | undefined> => readDocument(access, id, partitionOf(id)),

    /** Newest first. `continuation` is what the page before gave. */
    async list(filter: OperationFilter, pageSize: number, continuation?: string): Promise<OperationPage> {
      const { conditions, parameters } = predicate(filter);
      const query = {
        query: `SELECT * FROM c WHERE ${conditions.join(' AND ')} ORDER BY c.createdAt DESC`,
        parameters,
      };
      const feed = access.items.query<Record<string, unknown>>(query, {
        maxItemCount: pageSize,
        continuationToken: continuation,
      });
      const page = await feed.fetchNext();
      return {
        operations: documentsOf(page.resources),
        continuation: page.continuationToken,
      };
    },

    /** Accepted before `before` (ISO time) and still not started: their command may be lost. */
    async listUnstarted(before: string): Promise<Pick<OperationDocument, 'id' | 'attempt'>[]> {
      const query = {
        query:
          "SELECT TOP @max c.id, c.attempt FROM c WHERE c.type = 'operation' AND c.phase = 'accepted' AND c.lastUpdatedAt < @before",
        parameters: [
          { name: '@max', value: SWEEP_MAX },
          { name: '@before', value: before },
        ],
      };
      const { resources } = await access.items.query<Pick<OperationDocument, 'id' | 'attempt'>>(query).fetchAll();
      return resources;
    },

    /** accepted → running; false when another instance has it, or it has ended. */
    start: (id: string, attempt: number, instanceId: string, now: string): Promise<boolean> =>
      patchIf(
        access,
        id,
        partitionOf(id),
        `c.attempt = ${attempt} AND (c.phase = 'accepted' OR (c.phase = 'running' AND c.instanceId = ${quoted(instanceId)}))`,
        { '/phase': 'running', '/instanceId': instanceId, '/startedAt': now, '/lastUpdatedAt': now },
      ),

    /** running → unwinding, with the cause. */
    beginUnwinding: (id: string, attempt: number, error: Problem, now: string): Promise<boolean> =>
      patchIf(access, id, partitionOf(id), `c.attempt = ${attempt} AND c.phase IN ('running', 'unwinding')`, {
        '/phase': 'unwinding',
        '/error': error,
        '/lastUpdatedAt': now,
      }),

    /** Moves one step forward; false when it already is further. */
    changeStep(id: string, attempt: number, index: number, { status, waitingFor, error }: StepChange, now: string) {
      const at = `/steps/${index}`;
      const rank = STEP_RANK[status];
      const condition = `c.attempt = ${attempt} AND c.steps[${index}].rank <= ${rank} AND c.phase IN ('running', 'unwinding')`;
      return patchIf(access, id, partitionOf(id), condition, {
        [`${at}/status`]: status,
        [`${at}/rank`]: rank,
        ...(status === 'running' && { [`${at}/startedAt`]: now }),
        ...(rank >= STEP_RANK.succeeded && { [`${at}/endedAt`]: now }),
        ...(waitingFor && { [`${at}/waitingFor`]: waitingFor }),
        ...(error && { [`${at}/error`]: error }),
        '/lastUpdatedAt': now,
      });
    },
  };
}

/** The operation's part of the transaction that ends it together with its team or model. */
export const endOfOperation = (
  { id, attempt }: Pick<OperationDocument, 'id' | 'attempt'>,
  { phase, error }: OperationEnd,
  now: string,
): OperationInput =>
  patchInBatch(id, `c.attempt = ${attempt} AND c.phase IN ('running', 'unwinding')`, {
    '/phase': phase,
    ...(error && { '/error': error }),
    '/endedAt': now,
    '/lastUpdatedAt': now,
  });

function predicate({ team, kind, phases }: OperationFilter) {
  const conditions = ["c.type = 'operation'"];
  const parameters: { name: string; value: string | string[] }[] = [];
  const add = (condition: string, name: string, value: string | string[]) => {
    conditions.push(condition);
    parameters.push({ name, value });
  };
  if (team) add('c.team = @team', '@team', team);
  if (kind) add('c.kind = @kind', '@kind', kind);
  if (phases) add('ARRAY_CONTAINS(@phases, c.phase)', '@phases', phases);
  return { conditions, parameters };
}
