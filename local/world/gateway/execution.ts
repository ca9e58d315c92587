/** One call on its way through the policies, and what a policy element compiles to. */
import type { Clock } from '../../clock.js';
import type { CircuitBreakers } from './circuit-breaker.js';
import type { GatewayWorld } from './contract.js';
import type { CallCounters, TokenCounters, TokenLimits, TokenUsage } from './counters.js';
import type { ExpressionContext } from './expression/context.js';
import type { TokenMetrics } from './metrics.js';
import type { PoolTurns } from './pool.js';

export type Section = 'inbound' | 'backend' | 'outbound' | 'on-error';
export const SECTIONS: readonly Section[] = ['inbound', 'backend', 'outbound', 'on-error'];

/** Whether the next statement runs, or a `return-response` ended the pipeline. */
export type Outcome = 'next' | 'return';

export interface Statement {
  /** The element's name, as `LastError.Source` shows it. */
  source: string;
  /** Throws PolicyFailure, or ExpressionFailure of an expression. */
  run(execution: Execution): Outcome | Promise<Outcome>;
}

/** `<base/>` stands for the same section of the next wider scope. */
export const BASE = 'base';

export interface CompiledPolicy {
  /** A section that the document lacks is `<base/>` alone. */
  sections: Record<Section, (Statement | typeof BASE)[]>;
}

export type ScopeName = 'global' | 'product' | 'api' | 'operation';

/** An answer under way. Header names are lower case. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: AsyncIterable<Buffer>;
}

/** A token limit that let the call pass and is charged once the answer is there. */
export interface TokenCharge {
  key: string;
  limits: TokenLimits;
  /** Tells the response and the variables what is left. */
  publish(execution: Execution, usage: TokenUsage): void;
}

/** What the gateway keeps between calls. */
export interface GatewayServices {
  world: GatewayWorld;
  clock: Clock;
  tokens: TokenCounters;
  calls: CallCounters;
  breakers: CircuitBreakers;
  pools: PoolTurns;
  metrics: TokenMetrics;
}

export interface Execution extends ExpressionContext {
  services: GatewayServices;
  query: URLSearchParams;
  /** From the widest scope to the narrowest. */
  scopes: { name: ScopeName; policy: CompiledPolicy }[];
  /** The path below the API's path, with its leading slash. */
  operationPath: string;
  /** The API's own backend, used when no policy sets another. */
  serviceUrl?: string;
  backend?: { id: string } | { baseUrl: string };
  response?: Answer;
  charges: TokenCharge[];
  /** Set by `llm-emit-token-metric`: adds the call's tokens to a metric. */
  metricSinks: ((usage: TokenUsage) => void)[];
}

/** An error that ends the pipeline and runs `on-error`. Source, scope and section are filled in where it passes. */
export class PolicyFailure extends Error {
  source?: string;
  scope?: ScopeName;
  section?: Section;

  constructor(
    /** `LastError.Reason`. */
    readonly reason: string,
    message: string,
    /** What the caller gets unless `on-error` answers otherwise; without it 500. */
    readonly answer: { status: number; message: string; headers?: Record<string, string> } = {
      status: 500,
      message: 'Internal server error',
    },
  ) {
    super(message);
  }
}
