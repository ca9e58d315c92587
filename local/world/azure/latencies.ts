/**
 * How long things take in the simulated Azure, in world seconds: one table, so that a number is read, questioned and changed in one place.
 * Each is a range; where in it a case lies follows from the seed and the name of the resource, so a run can be repeated.
 */
import { createHash } from 'node:crypto';

/**
 * [shortest, longest] in seconds. "Measured" means reported from real deployments of this platform; "documented" a public page;
 * "assumed" plausible and unchecked.
 */
const LATENCIES = {
  /** StandardV2 becomes active after 1 min 20 s (measured). */
  apiManagementActivation: [78, 82],
  /** A Foundry account: 26 s (measured). */
  foundryAccount: [24, 28],
  /** A project: 10-40 s (assumed); the shorter half. */
  foundryProject: [10, 20],
  /** A model deployment: 5-60 s (assumed). */
  foundryDeployment: [10, 30],
  /** Deleting an account, project or deployment (assumed). */
  foundryDelete: [15, 30],
  /** Purging a soft-deleted account (assumed). */
  foundryPurge: [5, 15],
  /** Deleting a node pool: 2-6 min for creation (assumed), "deleting is slow too" (measured as 17 min for five resources). */
  agentPoolDelete: [150, 240],
  /** From the Workspace to the request for a node (assumed). */
  kaitoNodeClaim: [4, 10],
  /** A GPU node of the add-on: 5-10 min (assumed). */
  kaitoNode: [300, 360],
  /** Pulling the image of several gigabytes (assumed). */
  kaitoImage: [80, 140],
  /** Loading the weights: KAITO's startup probe allows 18 s/GiB (KAITO source); 13.5 GiB of mistral-7b bound this range. */
  kaitoWeights: [120, 200],
  /** A Workspace's finalizer (assumed). */
  kaitoDelete: [10, 25],
  /** An internal load balancer's address: 30-120 s (assumed). */
  loadBalancer: [30, 60],
  loadBalancerDelete: [15, 30],
  /** Until a role assignment counts: up to 10 min (documented); short here, so that a first run is pleasant. */
  rolePropagation: [2, 5],
  /** Until the directory knows a new identity everywhere: the reason for principalType (documented); length assumed. */
  directoryReplication: [10, 20],
  /** Until a deleted secret shows among the deleted ones (assumed). */
  secretDelete: [1, 3],
} as const satisfies Record<string, readonly [number, number]>;

export type LatencyName = keyof typeof LATENCIES;

/** Changed ranges or fixed seconds, by name. */
export type LatencyOverrides = Partial<Record<LatencyName, number | readonly [number, number]>>;

/** Returns the latency of one case in milliseconds of world time. The same seed, name and case always give the same. */
export function latencySource(seed: number, overrides: LatencyOverrides = {}) {
  return (name: LatencyName, subject: string): number => {
    const chosen = overrides[name] ?? LATENCIES[name];
    const [shortest, longest] = typeof chosen === 'number' ? [chosen, chosen] : chosen;
    const fraction = createHash('sha256').update(`${seed}/${name}/${subject}`).digest().readUInt32BE() / 2 ** 32;
    return Math.round((shortest + (longest - shortest) * fraction) * 1_000);
  };
}
