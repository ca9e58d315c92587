/**
 * Takes a request, by whichever door: check, plan, claim, command. The team's document is the arbiter: of requests that arrive together one
 * mints the operation, the others get it as their answer.
 */
import { commandMessageId } from '../shared/contracts/messages.js';
import { timestamp } from '../shared/kit/clock.js';
import { newId, sha256 } from '../shared/kit/ids.js';
import { operationId } from '../shared/model/naming.js';
import { newOperation, type OperationDocument, type Origin } from '../shared/model/operation.js';
import { planHashOf, planTeamAccess } from '../shared/model/plan.js';
import { type Problem, ProblemError, problem } from '../shared/model/problem.js';
import { checkRequest, type TeamAccessRequest, teamSlug } from '../shared/model/request.js';
import { claimedTeam, decideAccess, type TeamDocument } from '../shared/model/team.js';
import type { Stored } from '../shared/store/cosmos.js';
import type { Services } from './wiring.js';

export type Intake =
  | { kind: 'accepted' | 'same' | 'no-change'; operation: OperationDocument }
  | { kind: 'refused'; problem: Problem };

/** Rounds of read, decide, claim. Each lost round means that somebody else's claim succeeded, so two are normal and more are rare. */
const CLAIM_ROUNDS_MAX = 5;

export async function takeRequest(document: unknown, origin: Origin, services: Services): Promise<Intake> {
  const checked = checkRequest(document, services.catalog, services.guardrails);
  if (!checked.ok) return { kind: 'refused', problem: checked.problem };
  const { request, specHash } = checked;

  const earlier = await findReceipt(request, specHash, origin, services);
  if (earlier) return earlier;
  for (let round = 0; round < CLAIM_ROUNDS_MAX; round++) {
    const team = await services.teams.read(teamSlug(request));
    const decision = decideAccess(team?.document, request.metadata.name, specHash);
    if (decision.kind === 'refuse') return { kind: 'refused', problem: decision.problem };
    if (decision.kind !== 'start') return answerWith(decision.kind, decision.operationId, services);
    const operation = await claim(request, specHash, decision.generation, team, origin, services);
    if (!operation) continue;
    // From here on the operation is durable. A command that cannot be sent now is sent by the sweep, which says so in its log.
    await sendCommand(operation, services).catch(() => {});
    return { kind: 'accepted', operation };
  }
  throw new ProblemError(problem('unavailable', `"${request.metadata.name}" is being written by others; try again.`));
}

/** Sends the command to run an operation. Sending it again is harmless. */
export async function sendCommand({ id, attempt }: Pick<OperationDocument, 'id' | 'attempt'>, { publisher }: Services) {
  const command = { operationId: id, attempt };
  await publisher.sendCommand(command, commandMessageId(command));
}

async function claim(
  request: TeamAccessRequest,
  specHash: string,
  generation: number,
  previous: Stored<TeamDocument> | undefined,
  origin: Origin,
  { catalog, platform, clock, teams }: Services,
): Promise<OperationDocument | undefined> {
  const slug = teamSlug(request);
  const plan = planTeamAccess(request, catalog, platform);
  const id = operationId(slug, newId(clock.now()));
  const fields = { id, team: slug, subject: request.metadata.name, plan, planHash: planHashOf(plan), specHash, origin };
  const operation = newOperation(fields, timestamp(clock));
  const team = claimedTeam(previous?.document, request, { ...operation, specHash }, generation);
  const key = receiptId(origin);
  const receipt = key === undefined ? undefined : { id: key, team: slug, operationId: id, specHash };
  return (await teams.claim(team, operation, receipt, previous?.etag)) ? operation : undefined;
}

/** The same message or key again, beyond the broker's own window. */
async function findReceipt(
  request: TeamAccessRequest,
  specHash: string,
  origin: Origin,
  services: Services,
): Promise<Intake | undefined> {
  const id = receiptId(origin);
  const receipt = id && (await services.teams.readReceipt(teamSlug(request), id));
  if (!receipt) return undefined;
  if (receipt.specHash !== specHash)
    return {
      kind: 'refused',
      problem: problem('idempotency-key-reused', `"${origin.sourceId}" came before with a different document.`, {
        operationId: receipt.operationId,
        nextStep: 'Use a new key for a new request.',
      }),
    };
  return answerWith('same', receipt.operationId, services);
}

async function answerWith(kind: 'same' | 'no-change', id: string, services: Services): Promise<Intake> {
  const found = await services.operations.read(id);
  if (!found) throw new Error(`Operation "${id}" of the team is gone`);
  return { kind, operation: found.document };
}

const receiptId = ({ source, sourceId }: Origin): string | undefined =>
  source && sourceId ? `receipt_${sha256(`${source}\n${sourceId}`)}` : undefined;
