/** Named faults: how many times an entity shall misbehave next. Tests set them at any time; each use counts down. */

/** Entity path (as declared) → how often. */
export type FaultCounts = Record<string, number>;

export interface BrokerFaults {
  /** Sends (not schedule requests) that are refused with `com.microsoft:server-busy`; nothing is stored. */
  rejectSends?: FaultCounts;
  /** Sends that are stored but answered with `com.microsoft:server-busy`: a retrying sender makes a duplicate. */
  loseSendAnswer?: FaultCounts;
  /**
   * Settlements on the delivering link that are refused as if the lock had just expired; the message is delivered
   * again.
   */
  loseSettlement?: FaultCounts;
}

/** Uses up one fault of this kind, if there is any left for the entity. */
export function takeFault(faults: BrokerFaults, kind: keyof BrokerFaults, entityPath: string): boolean {
  const counts = faults[kind];
  const left = counts?.[entityPath] ?? 0;
  if (!counts || left <= 0) return false;
  counts[entityPath] = left - 1;
  return true;
}
