/**
 * Receipts: a repeated request is one request. Before anything else the caller's key is remembered in the caller's own partition, with the document
 * as it was sent and the id of the operation that it will have. What answers it is said by a claim in the team's partition, written by the
 * transaction that makes or joins the operation: whoever finds a receipt without a claim goes on with its id (rules `claimDoc`, `claimByKey`).
 */
import { contentHash, newId, sha256 } from '../kit/ids.js';
import { operationId, partitionOf } from '../model/naming.js';
import type { OperationDocument, Origin } from '../model/operation.js';
import { type Problem, problem } from '../model/problem.js';
import { readOperation } from './documents.js';
import type { Services } from './services.js';
import type { Write } from './store.js';

export interface ReceiptDocument {
  id: string;
  /** Partition: `caller_<hash>`. */
  team: string;
  type: 'receipt';
  /** Of the document as it was sent, so that no change of catalog or defaults makes another of it. */
  documentHash: string;
  operationId: string;
  /** Seconds; Cosmos DB removes it by itself. */
  ttl: number;
}

export interface ClaimDocument {
  id: string;
  /** Partition: the team's. */
  team: string;
  type: 'claim';
  /** The operation that answers: the receipt's own, or the one that was joined. */
  operationId: string;
  ttl: number;
}

const DAY_SECONDS = 24 * 3600;
/** Long enough for a ticketing system that replays a week after an outage. */
const RECEIPT_SECONDS = 14 * DAY_SECONDS;
/** A claim outlives the receipt that it belongs to, however slowly it was written. */
const CLAIM_SECONDS = RECEIPT_SECONDS + DAY_SECONDS;

/** Under which key a document came, as hashes. */
export interface RequestKey {
  caller: string;
  key: string;
  document: string;
}

/** Who sent it and how he calls it; undefined without a key, when every sending is a request of its own. */
export const keyOf = (document: unknown, { source, sourceId }: Origin): RequestKey | undefined =>
  source && sourceId
    ? { caller: sha256(source), key: sha256(`${source}\n${sourceId}`), document: contentHash(document) }
    : undefined;

const callerPartition = ({ caller }: RequestKey): string => `caller_${caller}`;
const receiptId = ({ key }: RequestKey): string => `receipt_${key}`;
const claimId = ({ key }: RequestKey): string => `claim_${key}`;

export const readReceipt = async (key: RequestKey, { store }: Services): Promise<ReceiptDocument | undefined> =>
  (await store.read<ReceiptDocument>(callerPartition(key), receiptId(key)))?.document;

/** The receipt under a key, written unless there is one already. */
export async function takeReceipt(key: RequestKey, slug: string, services: Services): Promise<ReceiptDocument> {
  const { store, clock } = services;
  const receipt: ReceiptDocument = {
    id: receiptId(key),
    team: callerPartition(key),
    type: 'receipt',
    documentHash: key.document,
    operationId: operationId(slug, newId(clock.now())),
    ttl: RECEIPT_SECONDS,
  };
  if (await store.commit(receipt.team, [{ create: receipt }])) return receipt;
  // Somebody sent the same key at the same moment; and if that one has just gone, the key is free again.
  return (await readReceipt(key, services)) ?? receipt;
}

/** A key belongs to one document, for any team. */
export function refusedReuse(receipt: ReceiptDocument, key: RequestKey, { sourceId }: Origin): Problem | undefined {
  if (receipt.documentHash === key.document) return undefined;
  return problem('idempotency-key-reused', `"${sourceId}" came before with a different document.`, {
    operationId: receipt.operationId,
    nextStep: 'Use a new key for a new request.',
  });
}

/** The operation that answers a receipt, as the team's partition says; undefined while nothing does. */
export async function claimedOperation(
  key: RequestKey,
  receipt: ReceiptDocument,
  { store }: Services,
): Promise<OperationDocument | undefined> {
  const claim = await store.read<ClaimDocument>(partitionOf(receipt.operationId), claimId(key));
  return claim && (await readOperation(store, claim.document.operationId))?.document;
}

/** What says that an operation answers the key: part of the transaction that makes or joins it. */
export const claimWrites = (
  key: RequestKey | undefined,
  { id, team }: Pick<OperationDocument, 'id' | 'team'>,
): Write[] => {
  if (!key) return [];
  const claim: ClaimDocument = { id: claimId(key), team, type: 'claim', operationId: id, ttl: CLAIM_SECONDS };
  return [{ create: claim }];
};
