/**
 * Stops calling a backend that keeps failing, by the `circuitBreaker` that was PUT on it. Rules and behaviour:
 * learn.microsoft.com/azure/api-management/backends, section "Circuit breaker"; a backend has at most one rule.
 */
import { z } from 'zod';
import { PolicyFailure } from './execution.js';

const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** An ISO 8601 duration of days, hours, minutes and seconds, in milliseconds. */
const durationMs = z
  .string()
  .regex(DURATION)
  .transform((text) => {
    const [days, hours, minutes, seconds] = (DURATION.exec(text) ?? []).slice(1).map((part) => Number(part ?? 0));
    return (((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1_000;
  });

const circuitBreakerSchema = z.object({
  rules: z
    .array(
      z.object({
        failureCondition: z.object({
          /** A percentage instead is refused: it would need a count of all calls that no page defines. */
          count: z.number().int().positive(),
          interval: durationMs,
          statusCodeRanges: z.array(z.object({ min: z.number(), max: z.number() })).default([]),
          errorReasons: z.array(z.string()).default([]),
        }),
        tripDuration: durationMs,
        acceptRetryAfter: z.boolean().default(false),
      }),
    )
    .max(1),
});

type Rule = z.infer<typeof circuitBreakerSchema>['rules'][number];

/** How a call of a backend ended. */
export interface BackendOutcome {
  /** Absent when there was no answer. */
  status?: number;
  /** `LastError.Reason` when there was none: BackendConnectionFailure, Timeout. */
  reason?: string;
  retryAfterSeconds?: number;
}

interface State {
  ruleText: string;
  openUntilMs: number;
  /** Times of the failures inside the interval; the rule's count is its bound, since reaching it empties the list. */
  failuresMs: number[];
}

export class CircuitBreakers {
  private readonly states = new Map<string, State>();

  isClosed(backendId: string, circuitBreaker: unknown, nowMs: number): boolean {
    return !ruleOf(backendId, circuitBreaker) || this.state(backendId, circuitBreaker).openUntilMs <= nowMs;
  }

  /** Throws the 503 of an open circuit. */
  expectClosed(backendId: string, circuitBreaker: unknown, nowMs: number): void {
    if (this.isClosed(backendId, circuitBreaker, nowMs)) return;
    throw new PolicyFailure('BackendCircuitOpen', `The circuit breaker of backend '${backendId}' is open.`, {
      status: 503,
      message: 'Service Unavailable',
    });
  }

  record(backendId: string, circuitBreaker: unknown, outcome: BackendOutcome, nowMs: number): void {
    const rule = ruleOf(backendId, circuitBreaker);
    if (!rule || !isFailure(rule, outcome)) return;
    const state = this.state(backendId, circuitBreaker);
    const sinceMs = nowMs - rule.failureCondition.interval;
    state.failuresMs = [...state.failuresMs.filter((failureMs) => failureMs > sinceMs), nowMs];
    if (state.failuresMs.length < rule.failureCondition.count) return;
    const waitMs =
      rule.acceptRetryAfter && outcome.retryAfterSeconds ? outcome.retryAfterSeconds * 1_000 : rule.tripDuration;
    state.openUntilMs = nowMs + waitMs;
    state.failuresMs = [];
  }

  /** A changed rule starts afresh. */
  private state(backendId: string, circuitBreaker: unknown): State {
    const ruleText = JSON.stringify(circuitBreaker);
    const known = this.states.get(backendId);
    if (known?.ruleText === ruleText) return known;
    const state: State = { ruleText, openUntilMs: 0, failuresMs: [] };
    this.states.set(backendId, state);
    return state;
  }
}

function ruleOf(backendId: string, circuitBreaker: unknown): Rule | undefined {
  if (!circuitBreaker) return undefined;
  const parsed = circuitBreakerSchema.safeParse(circuitBreaker);
  if (parsed.success) return parsed.data.rules[0];
  throw new Error(`The circuit breaker of backend '${backendId}' can't be obeyed: ${z.prettifyError(parsed.error)}`);
}

function isFailure(rule: Rule, { status, reason }: BackendOutcome): boolean {
  const { statusCodeRanges, errorReasons } = rule.failureCondition;
  if (status !== undefined) return statusCodeRanges.some(({ min, max }) => status >= min && status <= max);
  return errorReasons.some((name) => name.toLowerCase() === reason?.toLowerCase());
}
