/**
 * Faults that a test can switch on while the server runs. They hit requests on items only, never the account or
 * container reads.
 */
import { CosmosError } from './errors.js';

export type CosmosOperation = 'read' | 'write' | 'query';

export interface CosmosFaults {
  /** The next so many requests are answered 429 before anything happens. */
  throttleNext?: number;
  /** What those answers put in x-ms-retry-after-ms. Default 10. */
  throttleRetryAfterMs?: number;
  /**
   * The next `count` requests (of one kind, on one container, where given) are answered with `status` before anything
   * happens.
   */
  failNext?: { count: number; status: number; substatus?: number; operation?: CosmosOperation; container?: string };
  /** The next so many writes are committed, then the connection is cut instead of an answer: the client can't know. */
  loseNextAnswers?: number;
}

const THROTTLE_RETRY_AFTER_MS = 10;
/** The service's substatus for a partition that has used up its request units. */
const REQUEST_RATE_TOO_LARGE = 3200;

/** Throws the answer that a fault demands, and counts the fault down. */
export function refuseByFault(faults: CosmosFaults, operation: CosmosOperation, container: string): void {
  if (faults.throttleNext) {
    faults.throttleNext--;
    const retryAfterMs = faults.throttleRetryAfterMs ?? THROTTLE_RETRY_AFTER_MS;
    throw new CosmosError(429, 'Request rate is large. More Request Units may be needed, so no changes were made.', {
      substatus: REQUEST_RATE_TOO_LARGE,
      retryAfterMs,
    });
  }
  const failure = faults.failNext;
  if (!failure || failure.count <= 0) return;
  if (failure.operation && failure.operation !== operation) return;
  if (failure.container && failure.container !== container) return;
  failure.count--;
  throw new CosmosError(failure.status, `Injected fault: ${failure.status}.`, { substatus: failure.substatus });
}

/** True if the answer of this request must be lost; counts the fault down. */
export function losesAnswer(faults: CosmosFaults, operation: CosmosOperation): boolean {
  if (operation !== 'write' || !faults.loseNextAnswers) return false;
  faults.loseNextAnswers--;
  return true;
}
