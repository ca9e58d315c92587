/**
 * The AI gateway of the simulated API Management: it obeys the policy documents that were PUT, and refuses at the PUT
 * what it would not obey. It waits only inside the world's `send`, so that it has nothing to register with an explicit
 * clock.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.js';
import { admit, matchApi, matchOperation } from './admission.js';
import { CircuitBreakers } from './circuit-breaker.js';
import type { GatewayWorld, NetworkResponse, PolicyProblem } from './contract.js';
import { CallCounters, TokenCounters } from './counters.js';
import type { Execution, GatewayServices, ScopeName } from './execution.js';
import { EMPTY_LIBRARY, type PolicyLibrary } from './library.js';
import { type TokenMetric, TokenMetrics } from './metrics.js';
import { runPipeline } from './pipeline.js';
import { checkFragment, compileEither, compilePolicy, INHERITING_POLICY, PolicyCache } from './policy.js';
import { PolicyError, type PolicyFormat } from './policy-reader.js';
import { PoolTurns } from './pool.js';

export type { PolicyProblem } from './contract.js';
export type { PolicyLibrary } from './library.js';
export type { TokenMetric } from './metrics.js';
export type { PolicyFormat } from './policy-reader.js';

export interface GatewayRequest {
  method: string;
  /** Path and query below the host. */
  path: string;
  headers: Record<string, string>;
  body?: Buffer;
  clientIp?: string;
}

export interface Gateway {
  /** Never rejects for what a caller, a policy or a backend did wrong: that is an answer. */
  handle(request: GatewayRequest): Promise<NetworkResponse>;
  /** What `llm-emit-token-metric` counted so far. */
  tokenMetrics(): TokenMetric[];
}

/** What a service without a global policy does. */
const DEFAULT_GLOBAL_POLICY = '<policies><backend><forward-request /></backend></policies>';

/** The first problem of a policy document, with its line and column; undefined when the gateway can obey all of it. */
export function validatePolicy(xml: string, format: PolicyFormat, library = EMPTY_LIBRARY): PolicyProblem | undefined {
  return problemOf(() => compilePolicy(xml, format, library));
}

/** The same for a policy fragment. */
export function validateFragment(
  xml: string,
  format: PolicyFormat,
  library = EMPTY_LIBRARY,
): PolicyProblem | undefined {
  return problemOf(() => checkFragment(xml, format, library));
}

/** What a sound document refers to: `name:<named value>` and `fragment:<id>`. */
export function recordUses(xml: string, library: PolicyLibrary): string[] {
  return [...compileEither(xml, library).uses.keys()];
}

function problemOf(check: () => unknown): PolicyProblem | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof PolicyError) return { message: error.message };
    throw error;
  }
}

/** Counters, circuits and metrics live as long as the gateway. */
export function createGateway(world: GatewayWorld, clock: Clock): Gateway {
  const metrics = new TokenMetrics();
  const services: GatewayServices = {
    world,
    clock,
    tokens: new TokenCounters(),
    calls: new CallCounters(),
    breakers: new CircuitBreakers(),
    pools: new PoolTurns(),
    metrics,
  };
  const policies = new PolicyCache();
  return {
    async handle(request) {
      const execution = begin(request, services);
      await runPipeline(execution, () => admitCall(execution, policies));
      return execution.response!;
    },
    tokenMetrics: () => metrics.all(),
  };
}

function begin(request: GatewayRequest, services: GatewayServices): Execution {
  // Not `new URL`: it would resolve `..` and take `//name` for a host.
  const [path, search] = request.path.split(/\?(.*)/s) as [string, string?];
  const headers = Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    services,
    request: {
      method: request.method.toUpperCase(),
      path,
      headers: Object.fromEntries(headers) as Record<string, string>,
      clientIp: request.clientIp ?? '127.0.0.1',
      body: request.body,
    },
    query: new URLSearchParams(search),
    operationPath: '/',
    scopes: [],
    variables: new Map(),
    charges: [],
    metricSinks: [],
    requestId: randomUUID(),
    timestampMs: services.clock.now(),
  };
}

/** The scopes grow with what is known, so that a refusal runs the on-error of those that apply. */
function admitCall(execution: Execution, policies: PolicyCache): void {
  const { world } = execution.services;
  const addScope = (name: ScopeName, xml: string | undefined) =>
    execution.scopes.push({ name, policy: xml === undefined ? INHERITING_POLICY : policies.compile(xml, world) });

  addScope('global', world.globalPolicyXml() ?? DEFAULT_GLOBAL_POLICY);
  const api = matchApi(world.apis(), execution.request.path);
  if (api) addScope('api', api.policyXml);
  execution.api = api;
  const route = matchOperation(api, execution.request.method, execution.request.path);
  execution.operation = route.operation;
  execution.operationPath = route.operationPath;
  execution.serviceUrl = route.api.serviceUrl;

  const { subscription, product } = admit(world, route.api, execution.request.headers, execution.query);
  execution.subscription = subscription;
  execution.product = product;
  if (product) {
    const apiScope = execution.scopes.pop()!;
    addScope('product', product.policyXml);
    execution.scopes.push(apiScope);
  }
  addScope('operation', route.operation.policyXml);
}
