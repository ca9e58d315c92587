/**
 * Faults that a test can switch on while the server runs. They hit requests on items only, never the account or
 * container reads.
 */
import { type FaultWindow, isOver } from '../fault-windows.js';
import { CosmosError } from './errors.js';

export type CosmosOperation = 'read' | 'write' | 'query';

/** Refusals of one status, or of several in turn: so many, or for so long, or until they are taken away. */
export interface CosmosFailure extends FaultWindow {
  status: number | readonly number[];
  substatus?: number;
  /** For x-ms-retry-after-ms; a 429 has 10 unless this says otherwise. */
  retryAfterMs?: number;
  /** How many requests are hit; absent = all, until the window or the fault ends. */
  count?: number;
  /** Any kind when absent. */
  operation?: CosmosOperation;
  /** Any container when absent. */
  container?: string;
}

export interface CosmosFaults {
  /** The next so many requests are answered 429 before anything happens. */
  throttleNext?: number;
  /** What those answers put in x-ms-retry-after-ms. Default 10. */
  throttleRetryAfterMs?: number;
  /** Requests that are answered with `status` before anything happens. */
  failNext?: CosmosFailure;
  /** The next so many writes are committed, then the connection is cut instead of an answer: the client can't know. */
  loseNextAnswers?: number;
}

const THROTTLE_RETRY_AFTER_MS = 10;
/** The service's substatus for a partition that has used up its request units. */
const REQUEST_RATE_TOO_LARGE = 3200;

/** Throws the answer that a fault demands, and counts the fault down. */
export function refuseByFault(
  faults: CosmosFaults,
  operation: CosmosOperation,
  container: string,
  nowMs: number,
): void {
  if (faults.throttleNext) {
    faults.throttleNext--;
    throw refusal({ status: 429, retryAfterMs: faults.throttleRetryAfterMs });
  }
  const failure = faults.failNext;
  if (!failure || isOver(failure, nowMs) || (failure.count !== undefined && failure.count <= 0)) return;
  if (failure.operation && failure.operation !== operation) return;
  if (failure.container && failure.container !== container) return;
  if (failure.count !== undefined) failure.count--;
  throw refusal({ ...failure, status: nextStatus(failure) });
}

/** Answers that each failure with several statuses has given. */
const given = new WeakMap<readonly number[], number>();

function nextStatus({ status }: CosmosFailure): number {
  if (typeof status === 'number') return status;
  const count = given.get(status) ?? 0;
  given.set(status, count + 1);
  return status[count % status.length]!;
}

interface Refusal extends Pick<CosmosFailure, 'retryAfterMs' | 'substatus'> {
  status: number;
}

function refusal({ retryAfterMs, status, substatus }: Refusal): CosmosError {
  if (status !== 429) return new CosmosError(status, `Injected fault: ${status}.`, { substatus, retryAfterMs });
  return new CosmosError(429, 'Request rate is large. More Request Units may be needed, so no changes were made.', {
    substatus: substatus ?? REQUEST_RATE_TOO_LARGE,
    retryAfterMs: retryAfterMs ?? THROTTLE_RETRY_AFTER_MS,
  });
}

/** True if the answer of this request must be lost; counts the fault down. */
export function losesAnswer(faults: CosmosFaults, operation: CosmosOperation): boolean {
  if (operation !== 'write' || !faults.loseNextAnswers) return false;
  faults.loseNextAnswers--;
  return true;
}
