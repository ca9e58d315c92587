/**
 * How a resource provider describes a type to the ARM engine: rules as data, and functions only where a type is special. One file a provider
 * holds its types; the engine knows none of them.
 */
import type { z } from 'zod';
import type { Azure } from '../azure.js';
import type { ActiveFault } from '../faults.js';
import type { Answer } from '../http.js';
import type { LatencyName } from '../latencies.js';
import type { ResourceId } from './resource-id.js';
import type { Bucket } from './throttle.js';

export type Json = Record<string, unknown>;

/** A resource as it is stored. */
export interface Resource {
  id: string;
  name: string;
  type: string;
  location?: string;
  kind?: string;
  sku?: Json;
  identity?: Json;
  tags?: Json;
  properties: Json;
  etag: string;
  createdMs: number;
  /** What no GET returns: keys, credentials. */
  hidden?: Json;
}

/** One request, taken apart. */
export interface Call {
  azure: Azure;
  id: ResourceId;
  key: string;
  apiVersion: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  /** After the type's schema has passed it. */
  body: Json;
  fault?: ActiveFault;
}

export type Verb = 'PUT' | 'PATCH' | 'GET' | 'HEAD' | 'DELETE' | 'LIST';

/** An operation that takes time. Without `headers` a caller polls `properties.provisioningState`. */
export interface LongRunning {
  latency: LatencyName;
  headers?: boolean;
  /** `provisioningState` meanwhile, when it is not Creating, Updating or Deleting. */
  state?: string;
  /** Whether this request takes the time; one that doesn't is done with its answer. Absent = all do. */
  applies?(call: Call): boolean;
}

/** Writes that hold something for a moment, so that another one meanwhile is refused; only while contention is switched on. */
export interface ContentionRule {
  latency: LatencyName;
  /** What the write holds; nothing when it holds nothing. Without a call: what the end of an operation on `key` holds on for a moment. */
  holds(key: string, call?: Call): string | undefined;
  refusal(held: string): Error;
}

export interface ResourceType {
  type: string;
  apiVersions: readonly string[];
  verbs: readonly Verb[];
  nameRule?: RegExp;
  /** Wire body of PUT and of PATCH; strict, so that a misspelt property is refused. */
  body?: z.ZodType;
  patch?: z.ZodType;
  /**
   * What If-Match means, if the provider documents it; otherwise the header is ignored, whatever it says. `compared`: the resource must be there,
   * with this tag or any (`*`). `required`: the same for PATCH and DELETE, which must have it; a PUT that has it is compared with what is there,
   * and with nothing when nothing is there.
   */
  ifMatch?: 'compared' | 'required';
  /** What If-None-Match of a PUT means, likewise: `*` only, or any tag. */
  ifNoneMatch?: 'star' | 'tag';
  /** Shows the entity tag in the body, too. */
  etagInBody?: boolean;
  /** Status of a PUT that created; 201 unless the provider says 200. */
  createdStatus?: number;
  creation?: LongRunning;
  /** A change of what is there; without it changes are done at once. */
  update?: LongRunning;
  deletion?: LongRunning;
  contention?: ContentionRule;
  /** How many there may be: below one parent, or in the whole Azure subscription for what has none. Refused with 400 and this code. */
  limit?: { count(azure: Azure): number; code?: string };
  /** Request limits of the provider itself, beside ARM's, by verb. */
  throttle?: Partial<Record<Verb, Bucket>>;
  /** DELETE shows what was there. */
  showsDeleted?: boolean;
  /** `locations/…`: stands below no stored resource. */
  parentless?: boolean;
  /** Throws the conflicts of any write, deletion included. */
  beforeWrite?(call: Call, existing: Resource | undefined): void;
  /** Fields of the resource that a PUT or PATCH leaves; by default the body's. */
  build?(call: Call, existing: Resource | undefined): Partial<Resource>;
  beforeDelete?(call: Call, existing: Resource): void;
  /** Once it is there: at the end of its creation or change. An ArmError fails the operation. */
  completed?(azure: Azure, resource: Resource): void;
  /** Once it is gone; called for what was below it, too. */
  deleted?(azure: Azure, resource: Resource, atMs: number): void;
  /** What a GET shows beyond what is stored: addresses, states that follow from others. */
  represent?(azure: Azure, resource: Resource): Json;
  /** Replaces the stored resource as the source of GET, HEAD, PUT, DELETE or LIST. */
  custom?: Partial<Record<Verb, (call: Call) => Answer>>;
  /** Children to list when they are not the stored ones. */
  listed?(call: Call): Resource[];
  /** Which elements `$filter` keeps; a type without it refuses filters. */
  filter?(azure: Azure, expression: string): (resource: Resource) => boolean;
  actions?: Record<string, (call: Call, resource: Resource) => Answer>;
}
