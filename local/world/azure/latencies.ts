/**
 * How long things take in the simulated Azure, in world seconds: one table, so that a number is read, questioned and changed in one place.
 * Each is a range; where in it a case lies follows from the seed and the name of the resource, so a run can be repeated.
 */
import { createHash } from 'node:crypto';

interface Latency {
  /** Shortest and longest. */
  seconds: readonly [number, number];
  /** Measured or reported: from real deployments. Documented: a public page or source. Assumed: plausible and unchecked. */
  evidence: 'measured' | 'reported' | 'documented' | 'assumed';
  source: string;
}

export const LATENCIES = {
  apiManagementActivation: {
    seconds: [78, 82],
    evidence: 'measured',
    source: 'a StandardV2 service was active after 1 min 20 s; classic tiers take 30 to 70 min',
  },
  apiManagementUpdate: { seconds: [30, 60], evidence: 'assumed', source: 'a change of the service itself' },
  apiManagementDelete: {
    seconds: [60, 120],
    evidence: 'assumed',
    source: 'deleting a service, which then is soft-deleted',
  },
  apiManagementPurge: { seconds: [10, 30], evidence: 'assumed', source: 'purging a soft-deleted service' },
  apiManagementImport: { seconds: [5, 15], evidence: 'assumed', source: 'reading an OpenAPI document into an API' },
  apiManagementSecret: {
    seconds: [2, 6],
    evidence: 'assumed',
    source: 'fetching the secret of a named value from Key Vault',
  },
  apiManagementContention: {
    seconds: [0.3, 1],
    evidence: 'assumed',
    source: 'how long a write holds its API; reported: conflicts also come shortly after an import has ended',
  },
  subscriptionContention: {
    seconds: [0.3, 1],
    evidence: 'assumed',
    source: 'how long a new subscription holds its product; reported without a number',
  },
  foundryAccount: { seconds: [24, 28], evidence: 'measured', source: '26 s' },
  foundryUpdate: { seconds: [3, 8], evidence: 'assumed', source: 'a change of the capacity of a deployment' },
  foundryProject: { seconds: [10, 20], evidence: 'assumed', source: '10 to 40 s; the shorter half' },
  foundryDeployment: { seconds: [10, 30], evidence: 'assumed', source: '5 to 60 s' },
  foundryDelete: { seconds: [15, 30], evidence: 'assumed', source: 'an account, a project or a deployment' },
  foundryPurge: { seconds: [5, 15], evidence: 'assumed', source: 'purging a soft-deleted account' },
  foundryContention: {
    seconds: [0.3, 0.5],
    evidence: 'reported',
    source: 'another service still saw Accepted 0.4 s after Succeeded',
  },
  managedCluster: { seconds: [240, 480], evidence: 'measured', source: 'about 7 min; assumed range 4 to 10 min' },
  managedClusterUpdate: { seconds: [60, 180], evidence: 'assumed', source: 'a change of the cluster' },
  managedClusterDelete: {
    seconds: [240, 420],
    evidence: 'assumed',
    source: 'measured as part of "five resources of a cluster in 17 min"',
  },
  agentPool: { seconds: [120, 360], evidence: 'assumed', source: '2 to 6 min' },
  agentPoolUpdate: { seconds: [60, 180], evidence: 'assumed', source: 'scaling or changing a pool' },
  agentPoolDelete: {
    seconds: [150, 240],
    evidence: 'assumed',
    source: 'as long as its creation; measured as part of "five resources of a cluster in 17 min"',
  },
  kaitoNodeClaim: { seconds: [4, 10], evidence: 'assumed', source: 'from the Workspace to the request for a node' },
  kaitoNode: { seconds: [300, 360], evidence: 'assumed', source: 'a GPU node of the add-on: 5 to 10 min' },
  kaitoImage: { seconds: [80, 140], evidence: 'assumed', source: 'pulling an image of several gigabytes' },
  kaitoWeights: {
    seconds: [120, 200],
    evidence: 'documented',
    source: 'the startup probe allows 18 s/GiB (KAITO source); 13.5 GiB of mistral-7b bound this range',
  },
  kaitoDelete: { seconds: [10, 25], evidence: 'assumed', source: 'the finalizer of a Workspace' },
  loadBalancer: {
    seconds: [30, 60],
    evidence: 'assumed',
    source: 'an internal address: 30 to 120 s; the shorter half',
  },
  loadBalancerDelete: { seconds: [15, 30], evidence: 'assumed', source: 'half of what its creation takes' },
  privateDnsZone: { seconds: [30, 60], evidence: 'assumed', source: 'creating or deleting a zone' },
  virtualNetworkLink: { seconds: [20, 40], evidence: 'assumed', source: 'creating or deleting a link' },
  resourceGroupDelete: { seconds: [60, 120], evidence: 'assumed', source: 'after what is in it is gone' },
  rolePropagation: {
    seconds: [2, 5],
    evidence: 'documented',
    source: 'up to 10 min; short here, so that a first run is pleasant: give 600 to see the worst',
  },
  directoryReplication: {
    seconds: [10, 20],
    evidence: 'documented',
    source: 'the reason for principalType; its length is assumed',
  },
  secretDelete: { seconds: [1, 3], evidence: 'assumed', source: 'until a deleted secret shows among the deleted ones' },
} as const satisfies Record<string, Latency>;

export type LatencyName = keyof typeof LATENCIES;

/** Changed ranges or fixed seconds, by name. */
export type LatencyOverrides = Partial<Record<LatencyName, number | readonly [number, number]>>;

/** Returns the latency of one case in milliseconds of world time. The same seed, name and case always give the same. */
export function latencySource(seed: number, overrides: LatencyOverrides = {}) {
  return (name: LatencyName, subject: string): number => {
    const chosen = overrides[name] ?? LATENCIES[name].seconds;
    const [shortest, longest] = typeof chosen === 'number' ? [chosen, chosen] : chosen;
    const fraction = createHash('sha256').update(`${seed}/${name}/${subject}`).digest().readUInt32BE() / 2 ** 32;
    return Math.round((shortest + (longest - shortest) * fraction) * 1_000);
  };
}
