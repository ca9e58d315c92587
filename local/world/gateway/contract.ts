/**
 * What the AI gateway and the rest of the simulated Azure know of each other: the gateway reads configuration that was PUT through ARM and
 * calls backends over the simulated network; it owns nothing but its counters.
 */

import type { PolicyLibrary } from './library.js';

/** An API of API Management with its operations. */
export interface GatewayApi {
  /** Short id, as `context.Api.Id` shows it: `openai-api`. */
  id: string;
  /** URL path below the gateway's host, without slashes at the ends: `openai/v1`. */
  path: string;
  subscriptionKeyHeader: string;
  subscriptionKeyQuery: string;
  operations: { id: string; method: string; urlTemplate: string; policyXml?: string }[];
  /** Backend base URL when no policy sets another. */
  serviceUrl?: string;
  policyXml?: string;
}

/** A subscription found by one of its two keys. */
export interface GatewaySubscription {
  id: string;
  /** active, suspended, expired, submitted, rejected, cancelled. */
  state: string;
  /** The product it belongs to; absent when its scope is all APIs or one API. */
  productId?: string;
  /** The one API of its scope; absent when the scope is a product or all APIs. */
  apiId?: string;
}

export interface GatewayProduct {
  id: string;
  /** published or notPublished. */
  state: string;
  apiIds: string[];
  policyXml?: string;
}

/** A single backend has a `url`, a pool its members. */
export interface GatewayBackend {
  url?: string;
  circuitBreaker?: unknown;
  /** Ids of single backends. Lower priorities come first; of one priority, calls are spread by weight. */
  pool?: { id: string; priority: number; weight: number }[];
}

/** One HTTP exchange on the simulated network. Header names are lower case. */
export interface NetworkRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: Buffer;
}

export interface NetworkResponse {
  status: number;
  headers: Record<string, string>;
  /** Chunks in order; a streaming answer yields one per server-sent event. */
  body: AsyncIterable<Buffer>;
}

/** The gateway's view of the world; implemented by the azure simulator. */
export interface GatewayWorld extends PolicyLibrary {
  apis(): GatewayApi[];
  subscriptionByKey(key: string): GatewaySubscription | undefined;
  product(id: string): GatewayProduct | undefined;
  globalPolicyXml(): string | undefined;
  backend(id: string): GatewayBackend | undefined;
  /** A token of the gateway's own identity for `resource`; throws when it has none. */
  identityToken(resource: string): string;
  /** Sends a request into the virtual network; rejects with an Error (DNS failure, nothing listening) as a socket would. */
  send(request: NetworkRequest): Promise<NetworkResponse>;
}

/** Why a policy document was refused when it was PUT: ARM answers 400 ValidationError with this. */
export interface PolicyProblem {
  /** For example: `Error in element 'rate-limit' on line 4, column 6: this policy is not supported by the local gateway.` */
  message: string;
}
