/**
 * ARM's request limits: token buckets for each Azure subscription and class of request, refilled in world time.
 * https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */
import type { Clock } from '../../../clock.js';
import { ArmError } from './errors.js';

/** Bucket size and refill a second (documented). */
const BUCKETS = {
  reads: { size: 250, perSecond: 25 },
  writes: { size: 200, perSecond: 10 },
  deletes: { size: 200, perSecond: 10 },
};

type RequestClass = keyof typeof BUCKETS;

export class Throttle {
  readonly #levels = new Map<string, { tokens: number; atMs: number }>();

  constructor(private readonly clock: Clock) {}

  /** Takes one token. Returns the header with what remains; throws 429 with Retry-After when the bucket is empty. */
  take(subscriptionId: string, method: string): Record<string, string> {
    const requestClass: RequestClass = method === 'DELETE' ? 'deletes' : isRead(method) ? 'reads' : 'writes';
    const { perSecond, size } = BUCKETS[requestClass];
    const key = `${subscriptionId}/${requestClass}`;
    const nowMs = this.clock.now();
    const level = this.#levels.get(key) ?? { tokens: size, atMs: nowMs };
    const tokens = Math.min(size, level.tokens + ((nowMs - level.atMs) / 1_000) * perSecond);
    if (tokens < 1) {
      const retryAfter = Math.ceil((1 - tokens) / perSecond);
      throw new ArmError(
        429,
        'SubscriptionRequestsThrottled',
        `Number of '${requestClass.slice(0, -1)}' requests for subscription '${subscriptionId}' exceeded the limit. ` +
          `Please try again after '${retryAfter}' seconds.`,
        undefined,
        { 'retry-after': String(retryAfter) },
      );
    }
    this.#levels.set(key, { tokens: tokens - 1, atMs: nowMs });
    return { [`x-ms-ratelimit-remaining-subscription-${requestClass}`]: String(Math.floor(tokens - 1)) };
  }
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
