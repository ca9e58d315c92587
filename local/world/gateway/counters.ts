/**
 * What callers used up: tokens per minute and per calendar period, and calls per window. Counters live in memory, as a
 * real gateway's do in its instances: a restart frees them.
 */

export type QuotaPeriod = 'Hourly' | 'Daily' | 'Weekly' | 'Monthly' | 'Yearly';
export const QUOTA_PERIODS: readonly QuotaPeriod[] = ['Hourly', 'Daily', 'Weekly', 'Monthly', 'Yearly'];

export interface TokenLimits {
  tokensPerMinute?: number;
  quota?: { tokens: number; period: QuotaPeriod };
}

export interface TokenUsage {
  promptTokens: number;
  completionTokens: number;
}

export interface TokenStanding {
  /** Infinity without such a limit. */
  remainingPerMinute: number;
  remainingQuota: number;
  /**
   * World milliseconds until a call of the asked size passes; undefined when it passes now, Infinity when it never
   * will.
   */
  rateWaitMs?: number;
  quotaWaitMs?: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * A counter is a few numbers; a world has far fewer teams times models than this. The one that was used longest ago
 * goes first.
 */
const COUNTERS_MAX = 10_000;

interface Counter {
  startMs: number;
  used: number;
}

class CounterMap {
  private readonly counters = new Map<string, Counter>();

  read(key: string): Counter | undefined {
    return this.counters.get(key);
  }

  write(key: string, counter: Counter): void {
    this.counters.delete(key);
    this.counters.set(key, counter);
    if (this.counters.size > COUNTERS_MAX) this.counters.delete(this.counters.keys().next().value!);
  }
}

/** The counters of `llm-token-limit`: one for each key over all scopes. */
export class TokenCounters {
  private readonly rates = new CounterMap();
  private readonly quotas = new CounterMap();

  /** Where `key` stands for a call of about `tokens`; 0 asks only whether the limit is used up already. */
  standing(key: string, limits: TokenLimits, tokens: number, nowMs: number): TokenStanding {
    const standing: TokenStanding = { remainingPerMinute: Infinity, remainingQuota: Infinity };
    if (limits.tokensPerMinute !== undefined) {
      const rate = this.rate(key, limits.tokensPerMinute, nowMs);
      standing.remainingPerMinute = Math.max(0, limits.tokensPerMinute - rate.used);
      standing.rateWaitMs = rateWaitMs(rate, limits.tokensPerMinute, tokens, nowMs);
    }
    if (limits.quota) {
      const left = limits.quota.tokens - this.quota(key, limits.quota.period, nowMs).used;
      standing.remainingQuota = Math.max(0, left);
      standing.quotaWaitMs = quotaWaitMs(left, limits.quota, tokens, nowMs);
    }
    return standing;
  }

  charge(key: string, limits: TokenLimits, tokens: number, nowMs: number): void {
    if (limits.tokensPerMinute !== undefined) {
      const rate = this.rate(key, limits.tokensPerMinute, nowMs);
      this.rates.write(key, { ...rate, used: rate.used + tokens });
    }
    if (limits.quota) {
      const quota = this.quota(key, limits.quota.period, nowMs);
      this.quotas.write(`${limits.quota.period} ${key}`, { ...quota, used: quota.used + tokens });
    }
  }

  /**
   * A minute begins with its first call. What a minute used beyond its limit is carried into the next, as reported
   * from real services (README.md).
   */
  private rate(key: string, limit: number, nowMs: number): Counter {
    const counter = this.rates.read(key);
    if (!counter) return { startMs: nowMs, used: 0 };
    const minutes = Math.floor((nowMs - counter.startMs) / MINUTE_MS);
    const used = Math.max(0, counter.used - minutes * limit);
    return used === 0 && minutes > 0
      ? { startMs: nowMs, used }
      : { startMs: counter.startMs + minutes * MINUTE_MS, used };
  }

  private quota(key: string, period: QuotaPeriod, nowMs: number): Counter {
    const startMs = periodStartMs(period, nowMs);
    const counter = this.quotas.read(`${period} ${key}`);
    return counter?.startMs === startMs ? counter : { startMs, used: 0 };
  }
}

function rateWaitMs(rate: Counter, limit: number, tokens: number, nowMs: number): number | undefined {
  const needed = Math.max(1, tokens);
  if (needed > limit) return Infinity;
  const excess = rate.used + needed - limit;
  return excess <= 0 ? undefined : rate.startMs + Math.ceil(excess / limit) * MINUTE_MS - nowMs;
}

function quotaWaitMs(left: number, quota: { tokens: number; period: QuotaPeriod }, tokens: number, nowMs: number) {
  if (left >= Math.max(1, tokens)) return undefined;
  return tokens > quota.tokens ? Infinity : periodEndMs(quota.period, nowMs) - nowMs;
}

/** The counters of `rate-limit-by-key`: calls in a window that begins with its first call. */
export class CallCounters {
  private readonly windows = new CounterMap();

  /** Counts a call if there is room; otherwise says how long there is none. */
  take(key: string, calls: number, windowMs: number, nowMs: number): { waitMs?: number } {
    const known = this.windows.read(key);
    const window = known && nowMs < known.startMs + windowMs ? known : { startMs: nowMs, used: 0 };
    if (window.used >= calls) return { waitMs: window.startMs + windowMs - nowMs };
    this.windows.write(key, { ...window, used: window.used + 1 });
    return {};
  }
}

/** Quota windows are calendar periods of UTC; a week begins on Monday. */
function periodStartMs(period: QuotaPeriod, nowMs: number): number {
  const now = new Date(nowMs);
  const midnightMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  if (period === 'Hourly') return Math.floor(nowMs / (60 * MINUTE_MS)) * 60 * MINUTE_MS;
  if (period === 'Daily') return midnightMs;
  if (period === 'Weekly') return midnightMs - ((now.getUTCDay() + 6) % 7) * DAY_MS;
  return Date.UTC(now.getUTCFullYear(), period === 'Monthly' ? now.getUTCMonth() : 0);
}

function periodEndMs(period: QuotaPeriod, nowMs: number): number {
  const startMs = periodStartMs(period, nowMs);
  const start = new Date(startMs);
  if (period === 'Hourly') return startMs + 60 * MINUTE_MS;
  if (period === 'Daily') return startMs + DAY_MS;
  if (period === 'Weekly') return startMs + 7 * DAY_MS;
  return period === 'Monthly'
    ? Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1)
    : Date.UTC(start.getUTCFullYear() + 1, 0);
}
