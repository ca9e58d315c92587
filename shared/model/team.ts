/** The team: what is wanted of it (its intent), its line of operations, and what it was given. The arbiter of every request for it. */
import type { Line, Placed } from './line.js';
import type { TeamAccessRequest } from './request.js';

export const TEAM_PHASES = ['Provisioning', 'Ready', 'Failed', 'Held', 'Stuck'] as const;
export type TeamPhase = (typeof TEAM_PHASES)[number];

/** Why the access is closed although the team has it: who said so, and why. */
export interface Hold {
  kind: 'suspended';
  by: string;
  reason: string;
  since: string;
}

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

export interface TeamDocument extends Line {
  id: typeof TEAM_DOCUMENT_ID;
  /** Partition: the slug. */
  team: string;
  type: 'team';
  name: string;
  phase: TeamPhase;
  /** Counts the accepted operations. */
  generation: number;
  /** What the newest accepted request asks for. */
  spec: TeamAccessRequest['spec'];
  specHash: string;
  /** What the team has: the request of the newest operation that succeeded. */
  intent?: { spec: TeamAccessRequest['spec']; specHash: string };
  keyGeneration: number;
  holds: Hold[];
  /** A removal is under way, or was abandoned: the access stays closed. */
  isEnding?: boolean;
  /** The newest operation that was accepted for the team. */
  operationId: string;
  access?: TeamAccess;
  createdAt: string;
  lastUpdatedAt: string;
}

export const TEAM_DOCUMENT_ID = 'team';

/** Is the team's access to be open? */
export const isAccessOpen = ({ holds, isEnding }: Pick<TeamDocument, 'holds' | 'isEnding'>): boolean =>
  holds.length === 0 && !isEnding;

export type Decision =
  | { kind: 'start' }
  /** The same request is under way. */
  | { kind: 'same'; operationId: string }
  /** The team already is as asked. */
  | { kind: 'no-change'; operationId: string };

/**
 * What a request means for the team as it stands: the same as the newest accepted one that has not failed and carries no stop, or something
 * new. Pure; the store makes sure that only one caller acts on a `start`.
 */
export function decideAccess(team: TeamDocument | undefined, specHash: string, isNewestStopped: boolean): Decision {
  const newest = team?.newest;
  if (!team || !newest || newest.specHash !== specHash || isNewestStopped) return { kind: 'start' };
  const isSettled = newest.operationId === team.settled?.operationId;
  return { kind: isSettled ? 'no-change' : 'same', operationId: newest.operationId };
}

/** The team document that goes with a new request; its place in the line comes after. */
export function requestedTeam(
  previous: TeamDocument | undefined,
  request: TeamAccessRequest,
  placed: Placed & { specHash: string },
  partition: string,
  now: string,
): TeamDocument {
  return {
    queue: [],
    keyGeneration: 1,
    holds: [],
    createdAt: now,
    ...previous,
    phase: phaseOnItsWay(previous),
    id: TEAM_DOCUMENT_ID,
    team: partition,
    type: 'team',
    name: request.metadata.name,
    generation: placed.generation,
    spec: request.spec,
    specHash: placed.specHash,
    operationId: placed.operationId,
    lastUpdatedAt: now,
  };
}

/** What had failed, or was held, is on its way again; what is stuck stays so until somebody decides. */
function phaseOnItsWay(previous: TeamDocument | undefined): TeamPhase {
  if (previous?.phase === 'Stuck') return 'Stuck';
  return previous?.intent ? 'Ready' : 'Provisioning';
}
