/** A shared KAITO model: deployed once per generation, joined by teams. Its document is the arbiter that makes the deployment a singleton. */
import type { Line } from './line.js';
import type { Problem } from './problem.js';

/** `Absent`: retired, or never deployed. */
export const MODEL_PHASES = ['Deploying', 'Ready', 'Failed', 'Stuck', 'Retiring', 'Absent'] as const;
export type ModelPhase = (typeof MODEL_PHASES)[number];

/** A team on the model: which deployment it joined, and which operation of the team did. */
export interface Membership {
  generation: number;
  since: string;
}

export interface ModelDocument extends Line {
  id: typeof MODEL_DOCUMENT_ID;
  /** Partition `model_<name>`. */
  team: string;
  type: 'model';
  name: string;
  phase: ModelPhase;
  /** Counts the deployments. */
  generation: number;
  /** The operation that deploys, deployed or retires this generation. */
  operationId: string;
  /** By team slug. */
  members: Record<string, Membership>;
  address: string;
  workspace: string;
  /** What the inference server says it is called, once it has answered. */
  servedName?: string;
  error?: Problem;
  /** Since when nobody has been a member; a model that nobody belongs to for a grace is retired. */
  idleSince?: string;
  createdAt: string;
  lastUpdatedAt: string;
}

export const MODEL_DOCUMENT_ID = 'model';

/** How long a model keeps its GPU for nobody: teams come back within the hour, and a GPU node costs dollars an hour. */
export const IDLE_GRACE_SECONDS = 60 * 60;

/** What a team that wants the model has to do next. */
export type JoinDecision = 'deploy' | 'join' | 'wait-for-retirement' | 'member';

/** Pure: a team deploys what is absent or failed, joins what is coming up or runs, and never what is being retired. */
export function decideJoin(model: ModelDocument | undefined, slug: string): JoinDecision {
  if (!model || model.phase === 'Absent') return 'deploy';
  if (model.phase === 'Retiring') return 'wait-for-retirement';
  const isCurrentMember = memberOf(model, slug)?.generation === model.generation;
  if (model.phase === 'Failed') return isCurrentMember ? 'member' : 'deploy';
  return isCurrentMember ? 'member' : 'join';
}

/** Slugs may be called like properties of every object (`constructor`). */
export const memberOf = (model: ModelDocument, slug: string): Membership | undefined =>
  Object.hasOwn(model.members, slug) ? model.members[slug] : undefined;
