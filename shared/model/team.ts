/** The team: what hai gave it, and the arbiter of every request for it. */
import type { OperationDocument } from './operation.js';
import { type Problem, problem } from './problem.js';
import type { TeamAccessRequest } from './request.js';

export type TeamPhase = 'Provisioning' | 'Ready' | 'Failed' | 'Stuck';

/** What a team holds once it is ready: names and references, never a key. */
export interface TeamAccess {
  gatewayUrl: string;
  apis: { api: string; url: string; models: string[] }[];
  product: string;
  subscription: string;
  /** URL of the key in the vault, without a version: always the newest. */
  keyReference: string;
  foundryResource: string;
  foundryEndpoint: string;
  foundryProject: string;
  connections: string[];
}

export interface TeamDocument {
  id: 'team';
  team: string;
  type: 'team';
  name: string;
  phase: TeamPhase;
  /** Counts the accepted specifications. */
  generation: number;
  spec: TeamAccessRequest['spec'];
  specHash: string;
  /** The operation that runs or ran last. */
  operationId: string;
  access?: TeamAccess;
  createdAt: string;
  lastUpdatedAt: string;
}

export const TEAM_DOCUMENT_ID = 'team';

export type Decision =
  | { kind: 'start'; generation: number }
  /** The same request is under way. */
  | { kind: 'same'; operationId: string }
  /** The team already is as asked. */
  | { kind: 'no-change'; operationId: string }
  | { kind: 'refuse'; problem: Problem };

/** What a request means for the team as it stands. Pure; the store makes sure that only one caller acts on a `start`. */
export function decideAccess(team: TeamDocument | undefined, name: string, specHash: string): Decision {
  if (!team) return { kind: 'start', generation: 1 };
  if (team.phase === 'Failed') return { kind: 'start', generation: team.generation + 1 };
  if (team.phase === 'Stuck')
    return {
      kind: 'refuse',
      problem: problem('operation-stuck', `Operation "${team.operationId}" of "${name}" could not be undone.`, {
        operationId: team.operationId,
        nextStep: 'An operator has to look at what the operation left behind.',
      }),
    };
  if (team.specHash !== specHash)
    return {
      kind: 'refuse',
      problem: problem(
        'change-not-available',
        `"${name}" exists with a different specification; changing it is not offered yet.`,
        {
          operationId: team.operationId,
          nextStep: 'Send the specification as GET teams/{team} shows it, or ask the platform team.',
        },
      ),
    };
  const isUnderWay = team.phase === 'Provisioning';
  return { kind: isUnderWay ? 'same' : 'no-change', operationId: team.operationId };
}

/** The team document that goes with a new operation. */
export function claimedTeam(
  previous: TeamDocument | undefined,
  request: TeamAccessRequest,
  operation: Pick<OperationDocument, 'id' | 'team' | 'createdAt'> & { specHash: string },
  generation: number,
): TeamDocument {
  return {
    id: TEAM_DOCUMENT_ID,
    team: operation.team,
    type: 'team',
    name: request.metadata.name,
    phase: 'Provisioning',
    generation,
    spec: request.spec,
    specHash: operation.specHash,
    operationId: operation.id,
    createdAt: previous?.createdAt ?? operation.createdAt,
    lastUpdatedAt: operation.createdAt,
  };
}
