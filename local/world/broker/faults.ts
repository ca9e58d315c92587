/**
 * Named faults: how many times an entity shall misbehave next, or for how long it is down. Tests set them at any time; each use counts down.
 */
import { type FaultWindow, isOver } from '../fault-windows.js';
import { serverBusy } from './errors.js';

/** Entity path (as declared) → how often. */
export type FaultCounts = Record<string, number>;

export interface Outage extends FaultWindow {
  /** Its receivers get nothing either: new links and requests are refused, settlements too, open links wait. */
  receivers?: boolean;
}

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
  /**
   * Entities that refuse every send and every schedule request, for a time or until they are taken away; a topic's receivers are those of its
   * subscriptions.
   */
  down?: Record<string, Outage>;
}

/** Uses up one fault of this kind, if there is any left for the entity. */
export function takeFault(
  faults: BrokerFaults,
  kind: Exclude<keyof BrokerFaults, 'down'>,
  entityPath: string,
): boolean {
  const counts = faults[kind];
  const left = counts?.[entityPath] ?? 0;
  if (!counts || left <= 0) return false;
  counts[entityPath] = left - 1;
  return true;
}

/** Whether nothing can be sent to the entity, or nothing be received from it, at this world time. */
export function isDown(faults: BrokerFaults, side: 'send' | 'receive', entityPath: string, nowMs: number): boolean {
  const asked = entityPath.toLowerCase();
  return Object.entries(faults.down ?? {}).some(([declared, outage]) => {
    const path = declared.toLowerCase();
    if (isOver(outage, nowMs)) return false;
    if (side === 'send') return asked === path;
    return outage.receivers === true && (asked === path || asked.startsWith(`${path}/`));
  });
}

/** @throws BrokerError when the entity is down. */
export function refuseWhileDown(...asked: Parameters<typeof isDown>): void {
  if (isDown(...asked)) throw serverBusy();
}
