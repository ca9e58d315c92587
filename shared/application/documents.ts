/** The documents of the `access` container, read by what they are. */
import { entryId, LEDGER_ID, type LedgerEntry, type LedgerHead } from '../model/ledger.js';
import { partitionOf } from '../model/naming.js';
import type { OperationDocument } from '../model/operation.js';
import { MODEL_DOCUMENT_ID, type ModelDocument } from '../model/shared-model.js';
import { TEAM_DOCUMENT_ID, type TeamDocument } from '../model/team.js';
import { type PlanDocument, planId, type SurveyDocument, surveyId } from '../plan/plan-document.js';
import type { Store, Stored } from './store.js';

/** A team or a shared model. */
export type SubjectDocument = TeamDocument | ModelDocument;

export const readOperation = (store: Store, id: string) => store.read<OperationDocument>(partitionOf(id), id);
export const readPlan = (store: Store, id: string) => store.read<PlanDocument>(partitionOf(id), planId(id));
export const readSurvey = (store: Store, id: string) => store.read<SurveyDocument>(partitionOf(id), surveyId(id));
export const readTeam = (store: Store, slug: string) => store.read<TeamDocument>(slug, TEAM_DOCUMENT_ID);
export const readModel = (store: Store, partition: string) => store.read<ModelDocument>(partition, MODEL_DOCUMENT_ID);
export const readHead = (store: Store, partition: string) => store.read<LedgerHead>(partition, LEDGER_ID);
export const readEntry = (store: Store, partition: string, key: string) =>
  store.read<LedgerEntry>(partition, entryId(key));
export const listEntries = (store: Store, partition: string) => store.listIn<LedgerEntry>(partition, 'ledger-entry');

export const isModelPartition = (partition: string): boolean => partition.startsWith('model_');

export const readSubject = (store: Store, partition: string): Promise<Stored<SubjectDocument> | undefined> =>
  isModelPartition(partition) ? readModel(store, partition) : readTeam(store, partition);

/** Plans never change once they are frozen, so the newest ones are kept: a step reads one document less. */
const frozen = new Map<string, PlanDocument>();
const PLANS_KEPT = 200;

/** The plan of an operation; kept once it is frozen. */
export async function readFrozenPlan(store: Store, operationId: string): Promise<PlanDocument | undefined> {
  const kept = frozen.get(operationId);
  if (kept) return kept;
  const plan = (await readPlan(store, operationId))?.document;
  if (!plan?.moves) return plan;
  if (frozen.size >= PLANS_KEPT) frozen.delete(frozen.keys().next().value!);
  frozen.set(operationId, plan);
  return plan;
}
