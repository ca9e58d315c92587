/** Finds the cases of a simulator: `<part>.<name>.cases.ts`. A test file loads many of them, since loading the SDKs for each would take longer than most run. */
import { readdirSync } from 'node:fs';

/** All of a part, so that none is forgotten, but those that another file runs. */
export const casesOf = (part: string, others: readonly string[] = []): string[] =>
  readdirSync(__dirname)
    .map((file) => new RegExp(`^${part}\\.(.+)\\.cases\\.ts$`).exec(file)?.[1])
    .filter((name) => name !== undefined && !others.includes(name)) as string[];

/** Of the simulated Azure: the cluster, faults and files, which take as long as all the services. */
export const OF_THE_WORLD = [
  'fault-kinds',
  'kubernetes-objects',
  'kubernetes',
  'managed-clusters',
  'network',
  'restart',
  'watch',
  'world-faults',
  'world-file',
];
