/** Policies that count: llm-token-limit, llm-emit-token-metric, rate-limit-by-key. */
import { estimatePromptTokens } from '../../models/index.js';
import { QUOTA_PERIODS, type TokenLimits, type TokenStanding } from '../counters.js';
import { type Execution, PolicyFailure, type Statement, type TokenCharge } from '../execution.js';
import { requestJson } from '../meter.js';
import { type PolicyElement, PolicyError } from '../policy-reader.js';
import {
  type Computed,
  choice,
  expectAttributes,
  expectContent,
  flag,
  literal,
  text,
  wholeNumber,
} from './attributes.js';

/** Attributes that name a response header and those that name a variable, in pairs. */
const REPORTS = ['retry-after', 'remaining-tokens', 'remaining-quota-tokens', 'tokens-consumed'] as const;
type Report = (typeof REPORTS)[number];
const REPORT_ATTRIBUTES = REPORTS.flatMap((report) => [`${report}-header-name`, `${report}-variable-name`]);

/** Where the caller and later policies find a number. */
type Reporter = (execution: Execution, report: Report, value: number, headers: Record<string, string>) => void;

/** learn.microsoft.com/azure/api-management/llm-token-limit-policy */
export function compileTokenLimit(element: PolicyElement): Statement {
  const limit = ['tokens-per-minute', 'token-quota', 'token-quota-period'];
  expectAttributes(element, ['counter-key', 'estimate-prompt-tokens'], [...limit, ...REPORT_ATTRIBUTES]);
  expectContent(element);
  const counterKey = text(element, 'counter-key');
  const limitsOf = compileLimits(element);
  const estimates = flag(element, 'estimate-prompt-tokens', false);
  const report = compileReporter(element);
  return {
    source: element.name,
    run: (execution) => {
      const key = counterKey(execution);
      const limits = limitsOf(execution);
      const request = requestJson(execution);
      // Documented: a streamed answer has no usage to rely on, so that its prompt is estimated in any case.
      const promptTokens = estimates || request?.stream === true ? estimatePromptTokens(request) : 0;
      const { tokens, clock } = execution.services;
      const standing = tokens.standing(key, limits, promptTokens, clock.now());
      refuseExceeded(execution, standing, report);
      reportRemaining(execution, standing, report, {});
      report(execution, 'tokens-consumed', promptTokens, {});
      execution.charges.push(chargeOf(key, limits, report));
      return 'next';
    },
  };
}

function compileLimits(element: PolicyElement): Computed<TokenLimits> {
  const has = (name: string) => element.attributes.has(name);
  if (!has('tokens-per-minute') && !has('token-quota')) {
    throw new PolicyError(element, "'tokens-per-minute', or 'token-quota' with 'token-quota-period', must be given.");
  }
  if (has('token-quota') !== has('token-quota-period')) {
    throw new PolicyError(element, "'token-quota' and 'token-quota-period' must be given together.");
  }
  const tokensPerMinute = has('tokens-per-minute') ? wholeNumber(element, 'tokens-per-minute', 1) : undefined;
  const quotaTokens = has('token-quota') ? wholeNumber(element, 'token-quota', 1) : undefined;
  const period = choice(element, 'token-quota-period', QUOTA_PERIODS);
  return (context) => ({
    tokensPerMinute: tokensPerMinute?.(context),
    quota: quotaTokens && { tokens: quotaTokens(context), period },
  });
}

function compileReporter(element: PolicyElement): Reporter {
  const headerNames = new Map(REPORTS.map((report) => [report, literal(element, `${report}-header-name`)]));
  const variableNames = new Map(REPORTS.map((report) => [report, literal(element, `${report}-variable-name`)]));
  if (!headerNames.get('retry-after')) headerNames.set('retry-after', 'Retry-After');
  return (execution, report, value, headers) => {
    const header = headerNames.get(report);
    const variable = variableNames.get(report);
    if (header) headers[header.toLowerCase()] = String(value);
    if (variable) execution.variables.set(variable, value);
  };
}

function refuseExceeded(execution: Execution, standing: TokenStanding, report: Reporter): void {
  const isQuota = standing.quotaWaitMs !== undefined;
  const waitMs = standing.quotaWaitMs ?? standing.rateWaitMs;
  if (waitMs === undefined) return;
  const headers: Record<string, string> = {};
  reportRemaining(execution, standing, report, headers);
  const seconds = Math.ceil(waitMs / 1_000);
  if (Number.isFinite(waitMs)) report(execution, 'retry-after', seconds, headers);
  // A prompt that is larger than the limit itself never passes: the real answer then names no time.
  const advice = Number.isFinite(waitMs) ? ` Try again in ${seconds} seconds.` : '';
  const message = `Token ${isQuota ? 'quota' : 'limit'} is exceeded.${advice}`;
  const reason = isQuota ? 'OpenAITokenQuotaExceeded' : 'OpenAITokenLimitExceeded';
  throw new PolicyFailure(reason, message, { status: isQuota ? 403 : 429, message, headers });
}

function reportRemaining(
  execution: Execution,
  standing: TokenStanding,
  report: Reporter,
  headers: Record<string, string>,
): void {
  if (standing.remainingPerMinute < Infinity)
    report(execution, 'remaining-tokens', standing.remainingPerMinute, headers);
  if (standing.remainingQuota < Infinity) report(execution, 'remaining-quota-tokens', standing.remainingQuota, headers);
}

function chargeOf(key: string, limits: TokenLimits, report: Reporter): TokenCharge {
  return {
    key,
    limits,
    publish: (execution, usage) => {
      const { tokens, clock } = execution.services;
      const headers = execution.response!.headers;
      reportRemaining(execution, tokens.standing(key, limits, 0, clock.now()), report, headers);
      report(execution, 'tokens-consumed', usage.promptTokens + usage.completionTokens, headers);
    },
  };
}

type ReadDimension = (execution: Execution) => string;

/** Dimensions that have a value without one being given; source: the policy's page. */
const DEFAULT_DIMENSIONS: Record<string, ReadDimension> = {
  'API ID': (execution) => execution.api?.id ?? '',
  'Operation ID': (execution) => execution.operation?.id ?? '',
  'Product ID': (execution) => execution.product?.id ?? '',
  'Subscription ID': (execution) => execution.subscription?.id ?? '',
  'Client IP address': (execution) => execution.request.clientIp,
  'Backend ID': (execution) => (execution.backend && 'id' in execution.backend ? execution.backend.id : ''),
  'Gateway ID': () => 'managed',
};

/**
 * learn.microsoft.com/azure/api-management/llm-emit-token-metric-policy; the numbers are kept where a test can read
 * them.
 */
export function compileEmitTokenMetric(element: PolicyElement): Statement {
  expectAttributes(element, [], ['namespace']);
  expectContent(element, ['dimension']);
  const namespace = literal(element, 'namespace') ?? 'API Management';
  const dimensions = element.children.map(compileDimension);
  if (dimensions.length === 0) throw new PolicyError(element, "it needs a 'dimension'.");
  return {
    source: element.name,
    run: (execution) => {
      const readers = dimensions.map(({ name, prepare }) => [name, prepare(execution)] as const);
      execution.metricSinks.push((usage) => {
        const values = Object.fromEntries(readers.map(([name, read]) => [name, read(execution)]));
        execution.services.metrics.add(namespace, values, usage);
      });
      return 'next';
    },
  };
}

/**
 * A given value is computed where the policy stands, a default one when the metric is emitted: only then the backend is
 * known.
 */
function compileDimension(element: PolicyElement): { name: string; prepare(execution: Execution): ReadDimension } {
  expectAttributes(element, ['name'], ['value']);
  expectContent(element);
  const name = literal(element, 'name')!;
  if (element.attributes.has('value')) {
    const given = text(element, 'value');
    return {
      name,
      prepare: (execution) => {
        const computed = given(execution);
        return () => computed;
      },
    };
  }
  const read = Object.hasOwn(DEFAULT_DIMENSIONS, name) ? DEFAULT_DIMENSIONS[name] : undefined;
  if (!read) throw new PolicyError(element, `the dimension '${name}' has no default and needs a value.`);
  return { name, prepare: () => read };
}

/** Documented bound of `renewal-period`. */
const RENEWAL_SECONDS_MAX = 300;

/** learn.microsoft.com/azure/api-management/rate-limit-by-key-policy, without conditions and increments. */
export function compileRateLimitByKey(element: PolicyElement): Statement {
  expectAttributes(element, ['calls', 'renewal-period', 'counter-key'], ['retry-after-header-name']);
  expectContent(element);
  const calls = wholeNumber(element, 'calls', 1);
  const renewalSeconds = wholeNumber(element, 'renewal-period', 1);
  if (Number(element.attributes.get('renewal-period')) > RENEWAL_SECONDS_MAX) {
    throw new PolicyError(element, `'renewal-period' must be at most ${RENEWAL_SECONDS_MAX} seconds.`);
  }
  const counterKey = text(element, 'counter-key');
  const retryAfterHeader = (literal(element, 'retry-after-header-name') ?? 'Retry-After').toLowerCase();
  return {
    source: element.name,
    run: (execution) => {
      const { calls: counters, clock } = execution.services;
      const windowMs = renewalSeconds(execution) * 1_000;
      const { waitMs } = counters.take(counterKey(execution), calls(execution), windowMs, clock.now());
      if (waitMs === undefined) return 'next';
      const seconds = Math.ceil(waitMs / 1_000);
      const message = `Rate limit is exceeded. Try again in ${seconds} seconds.`;
      const headers = { [retryAfterHeader]: String(seconds) };
      throw new PolicyFailure('RateLimitExceeded', 'Rate limit is exceeded.', { status: 429, message, headers });
    },
  };
}
