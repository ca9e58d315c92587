/** Teams in Cosmos. A team and its operation are always written in one transaction, so neither is ever seen without the other. */
import type { OperationDocument } from '../model/operation.js';
import { TEAM_DOCUMENT_ID, type TeamAccess, type TeamDocument, type TeamPhase } from '../model/team.js';
import {
  type Containers,
  createOrReplace,
  documentsOf,
  patchInBatch,
  quoted,
  readDocument,
  type Stored,
  writeTogether,
} from './cosmos.js';
import { endOfOperation, type OperationEnd } from './operations.js';

/** Remembers which operation a message or an idempotency key led to, beyond the broker's window. */
export interface Receipt {
  id: string;
  team: string;
  type: 'receipt';
  operationId: string;
  specHash: string;
  /** Seconds; Cosmos removes it by itself. */
  ttl: number;
}

/** Long enough for a ticketing system that replays a week after an outage. */
const RECEIPT_SECONDS = 14 * 24 * 3600;

/** How an operation of a team ended, for both documents. */
export interface TeamEnd {
  operation: OperationEnd;
  team: { phase: TeamPhase; access?: TeamAccess };
}

const TEAMS_MAX = 1000;

export function teamStore({ access }: Containers) {
  return {
    read: (slug: string): Promise<Stored<TeamDocument> | undefined> => readDocument(access, TEAM_DOCUMENT_ID, slug),

    async list(): Promise<TeamDocument[]> {
      const query = { query: `SELECT TOP ${TEAMS_MAX} * FROM c WHERE c.type = 'team' ORDER BY c.name` };
      const { resources } = await access.items.query<Record<string, unknown>>(query).fetchAll();
      return documentsOf(resources);
    },

    async readReceipt(slug: string, receiptId: string): Promise<Receipt | undefined> {
      return (await readDocument<Receipt>(access, receiptId, slug))?.document;
    },

    /**
     * Writes team, operation and receipt at once. `replacing` is the ETag of the team as the decision saw it. False when somebody else was
     * first: read again and decide again.
     */
    claim(
      team: TeamDocument,
      operation: OperationDocument,
      receipt: Omit<Receipt, 'type' | 'ttl'> | undefined,
      replacing: string | undefined,
    ): Promise<boolean> {
      return writeTogether(access, team.team, [
        createOrReplace(team, replacing),
        createOrReplace(operation),
        ...(receipt ? [createOrReplace({ ...receipt, type: 'receipt', ttl: RECEIPT_SECONDS })] : []),
      ]);
    },

    /** Ends the operation and moves the team with it; false when that has already happened. */
    end(operation: Pick<OperationDocument, 'id' | 'team' | 'attempt'>, end: TeamEnd, now: string): Promise<boolean> {
      return writeTogether(access, operation.team, [
        endOfOperation(operation, end.operation, now),
        patchInBatch(TEAM_DOCUMENT_ID, `c.operationId = ${quoted(operation.id)}`, {
          '/phase': end.team.phase,
          ...(end.team.access && { '/access': end.team.access }),
          '/lastUpdatedAt': now,
        }),
      ]);
    },
  };
}
