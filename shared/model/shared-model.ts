/** A shared KAITO model: deployed once per generation, joined by teams. Its document is the arbiter that makes the deployment a singleton. */
import type { Problem } from './problem.js';

export type ModelPhase = 'Deploying' | 'Ready' | 'Failed' | 'Stuck';

export interface ModelDocument {
  id: 'model';
  /** Partition `model_<name>`. */
  team: string;
  type: 'model';
  name: string;
  phase: ModelPhase;
  /** Counts the deployments. */
  generation: number;
  /** The operation that deploys or deployed this generation. */
  operationId: string;
  /** Team slug → generation it joined. */
  members: Record<string, number>;
  address: string;
  workspace: string;
  servedName: string;
  error?: Problem;
  createdAt: string;
  lastUpdatedAt: string;
}

export const MODEL_DOCUMENT_ID = 'model';

/** What a team that wants the model has to do next. */
export type JoinDecision =
  | { kind: 'deploy'; generation: number }
  | { kind: 'join' }
  | { kind: 'wait' }
  | { kind: 'ready' }
  | { kind: 'failed'; error?: Problem };

/** Pure: a team deploys what is absent or failed before it joined, joins what exists, then waits for its generation. */
export function decideJoin(model: ModelDocument | undefined, slug: string): JoinDecision {
  if (!model) return { kind: 'deploy', generation: 1 };
  const joined = model.members[slug];
  const hasFailed = model.phase === 'Failed' || model.phase === 'Stuck';
  if (joined === undefined) {
    if (model.phase === 'Failed') return { kind: 'deploy', generation: model.generation + 1 };
    return model.phase === 'Stuck' ? { kind: 'failed', error: model.error } : { kind: 'join' };
  }
  if (model.phase === 'Ready') return { kind: 'ready' };
  return hasFailed ? { kind: 'failed', error: model.error } : { kind: 'wait' };
}
