/**
 * What the parts of the simulated Azure share: clock, state, later steps, settings and identities. One object, handed to all of them.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.js';
import type { Contention } from './arm/contention.js';
import type { Registry } from './arm/registry.js';
import type { Jobs } from './jobs.js';
import type { LatencyName } from './latencies.js';
import type { ResourcesFile } from './resources-file.js';
import type { Store } from './store.js';
import type { Tokens } from './tokens.js';

/** Filled once the services listen; resources show these addresses. */
export interface Endpoints {
  arm: string;
  vault: string;
  kubernetes: string;
  gateway: string;
}

export interface Azure {
  clock: Clock;
  store: Store;
  jobs: Jobs;
  settings: ResourcesFile;
  tokens: Tokens;
  /** The resource types that there are. */
  registry: Registry;
  contention: Contention;
  endpoints: Endpoints;
  caPem: string;
  /** Milliseconds of world time that the named step takes for this case. */
  latency(name: LatencyName, subject: string): number;
  seed: number;
}

/** A new GUID; the same in every run that asks in the same order. */
export function mintGuid(azure: Azure): string {
  const hex = mint(azure);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A key of API Management; the marker lets a test prove that no key is in a log, a history or a document. */
export function mintKey(azure: Azure): string {
  return `SIMULATED-KEY-${mint(azure).slice(0, 32)}`;
}

/** A new entity tag, without quotes. */
export function mintEtag(azure: Azure): string {
  return mint(azure).slice(0, 16);
}

function mint({ seed, store }: Azure): string {
  return createHash('sha256')
    .update(`${seed}/${store.next('mint')}`)
    .digest('hex');
}

/** Someone or something that roles can be assigned to. */
export interface Principal {
  objectId: string;
  type: string;
  members?: string[];
  /** World time in ms; a young one is not known everywhere yet. */
  createdMs: number;
  /** Key of the resource whose identity it is. */
  resourceKey?: string;
}

export function findPrincipal({ store }: Azure, objectId: string): Principal | undefined {
  return store.get<Principal>('principals', objectId.toLowerCase());
}
