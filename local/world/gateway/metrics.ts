/** The token metrics that `llm-emit-token-metric` would send to Application Insights; here they can be read. */
import type { TokenUsage } from './counters.js';

export interface TokenMetric {
  namespace: string;
  dimensions: Record<string, string>;
  promptTokens: number;
  completionTokens: number;
  calls: number;
}

/**
 * Series are teams times models; beyond this many the oldest is dropped, since only a test or a person looks at them.
 */
const SERIES_MAX = 10_000;

export class TokenMetrics {
  private readonly series = new Map<string, TokenMetric>();

  add(namespace: string, dimensions: Record<string, string>, usage: TokenUsage): void {
    const key = JSON.stringify([namespace, dimensions]);
    const metric = this.series.get(key) ?? { namespace, dimensions, promptTokens: 0, completionTokens: 0, calls: 0 };
    metric.promptTokens += usage.promptTokens;
    metric.completionTokens += usage.completionTokens;
    metric.calls += 1;
    this.series.set(key, metric);
    if (this.series.size > SERIES_MAX) this.series.delete(this.series.keys().next().value!);
  }

  all(): TokenMetric[] {
    return [...this.series.values()].map((metric) => ({ ...metric }));
  }
}
