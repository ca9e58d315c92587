/** Shared models in Cosmos: deployed by whoever writes the new generation first, joined by one conditional patch. */
import { modelPartition } from '../model/naming.js';
import type { OperationDocument } from '../model/operation.js';
import type { Problem } from '../model/problem.js';
import { MODEL_DOCUMENT_ID, type ModelDocument, type ModelPhase } from '../model/shared-model.js';
import {
  type Containers,
  createOrReplace,
  documentsOf,
  patchIf,
  patchInBatch,
  quoted,
  REMOVE,
  readDocument,
  type Stored,
  writeTogether,
} from './cosmos.js';
import { endOfOperation, type OperationEnd } from './operations.js';

export interface ModelEnd {
  operation: OperationEnd;
  model: { phase: ModelPhase; error?: Problem };
}

export function modelStore({ access }: Containers) {
  return {
    read: (model: string): Promise<Stored<ModelDocument> | undefined> =>
      readDocument(access, MODEL_DOCUMENT_ID, modelPartition(model)),

    async list(): Promise<ModelDocument[]> {
      const { resources } = await access.items
        .query<Record<string, unknown>>("SELECT * FROM c WHERE c.type = 'model'")
        .fetchAll();
      return documentsOf(resources);
    },

    /** Starts a generation with its operation; false when another team was first. */
    beginDeployment(
      model: ModelDocument,
      operation: OperationDocument,
      replacing: string | undefined,
    ): Promise<boolean> {
      return writeTogether(access, model.team, [createOrReplace(model, replacing), createOrReplace(operation)]);
    },

    /** False when the generation is no longer the current one, or not one to join. */
    addMember: (model: string, generation: number, slug: string, now: string): Promise<boolean> =>
      patchIf(
        access,
        MODEL_DOCUMENT_ID,
        modelPartition(model),
        `c.generation = ${generation} AND c.phase IN ('Deploying', 'Ready')`,
        { [`/members/${slug}`]: generation, '/lastUpdatedAt': now },
      ),

    /** Already gone is success. */
    async removeMember(model: string, slug: string, now: string): Promise<void> {
      await patchIf(access, MODEL_DOCUMENT_ID, modelPartition(model), `IS_DEFINED(c.members[${quoted(slug)}])`, {
        [`/members/${slug}`]: REMOVE,
        '/lastUpdatedAt': now,
      });
    },

    /** Ends the deployment and moves the model with it; false when that has already happened. */
    end(operation: Pick<OperationDocument, 'id' | 'team' | 'attempt'>, end: ModelEnd, now: string): Promise<boolean> {
      return writeTogether(access, operation.team, [
        endOfOperation(operation, end.operation, now),
        patchInBatch(MODEL_DOCUMENT_ID, `c.operationId = ${quoted(operation.id)}`, {
          '/phase': end.model.phase,
          ...(end.model.error && { '/error': end.model.error }),
          '/lastUpdatedAt': now,
        }),
      ]);
    },
  };
}
