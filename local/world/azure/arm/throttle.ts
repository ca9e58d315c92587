/**
 * Request limits: token buckets that are refilled in world time. ARM has them for each principal and, fifteen times as large, for the whole
 * Azure subscription; a provider may have its own for some requests.
 * https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */
import type { Clock } from '../../../clock.js';
import { ArmError } from './errors.js';

/** Requests that may come at once, and how many a second come back. */
export interface Bucket {
  size: number;
  perSecond: number;
}

/** For one principal in one region (documented). */
const BUCKETS = {
  reads: { size: 250, perSecond: 25 },
  writes: { size: 200, perSecond: 10 },
  deletes: { size: 200, perSecond: 10 },
} satisfies Record<string, Bucket>;

/** The whole subscription may ask fifteen times as much (documented in one source). */
const GLOBAL_FACTOR = 15;

/** Principals and subscriptions that are remembered; the directory of a simulation has fewer. */
const LEVELS_MAX = 10_000;

export class Throttle {
  readonly #levels = new Map<string, { tokens: number; atMs: number }>();

  constructor(private readonly clock: Clock) {}

  /** Takes a token of both ARM buckets. Returns the headers with what remains; throws 429 with Retry-After when one is empty. */
  takeArm(subscriptionId: string, principal: string, method: string): Record<string, string> {
    const requests = method === 'DELETE' ? 'deletes' : method === 'GET' || method === 'HEAD' ? 'reads' : 'writes';
    const { perSecond, size } = BUCKETS[requests];
    const own = this.#take(`${principal}/${subscriptionId}/${requests}`, BUCKETS[requests]);
    const globally = { size: size * GLOBAL_FACTOR, perSecond: perSecond * GLOBAL_FACTOR };
    const all = this.#take(`${subscriptionId}/${requests}`, globally);
    const waitSeconds = Math.max(own.waitSeconds, all.waitSeconds);
    if (waitSeconds > 0) {
      const text = `Number of '${requests.slice(0, -1)}' requests for subscription '${subscriptionId}' actor '${principal}' exceeded. Please try again after '${waitSeconds}' seconds after additional tokens are available.`;
      throw tooMany('SubscriptionRequestsThrottled', text, waitSeconds);
    }
    return {
      [`x-ms-ratelimit-remaining-subscription-${requests}`]: String(own.remaining),
      [`x-ms-ratelimit-remaining-subscription-global-${requests}`]: String(all.remaining),
    };
  }

  /** Takes a token of a provider's own bucket; throws 429 Throttled when it is empty. */
  takeProvider(subscriptionId: string, request: string, bucket: Bucket | undefined): void {
    if (!bucket) return;
    const { waitSeconds } = this.#take(`${subscriptionId}/${request}`, bucket);
    if (waitSeconds === 0) return;
    const text = `The ${request} request limit has been exceeded for SubID=${subscriptionId}, please retry again in ${waitSeconds} seconds.`;
    throw tooMany('Throttled', text, waitSeconds);
  }

  #take(key: string, { perSecond, size }: Bucket): { remaining: number; waitSeconds: number } {
    const nowMs = this.clock.now();
    const level = this.#levels.get(key) ?? { tokens: size, atMs: nowMs };
    const tokens = Math.min(size, level.tokens + ((nowMs - level.atMs) / 1_000) * perSecond);
    if (tokens < 1) return { remaining: 0, waitSeconds: Math.ceil((1 - tokens) / perSecond) };
    if (this.#levels.size >= LEVELS_MAX) this.#levels.clear();
    this.#levels.set(key, { tokens: tokens - 1, atMs: nowMs });
    return { remaining: Math.floor(tokens - 1), waitSeconds: 0 };
  }
}

function tooMany(code: string, text: string, waitSeconds: number): ArmError {
  return new ArmError(429, code, text, undefined, { 'retry-after': String(waitSeconds) });
}
