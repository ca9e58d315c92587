/**
 * Takes a request, by whichever door: receipt, check, plan for show, claim, command. The team's document is the arbiter: of requests that arrive
 * together one makes the operation, the others join it. What does not begin at once waits in the team's line.
 */
import { timestamp } from '../kit/clock.js';
import { newId } from '../kit/ids.js';
import { enqueue, giveLane, QUEUE_MAX } from '../model/line.js';
import { operationId } from '../model/naming.js';
import type { OperationDocument, Origin } from '../model/operation.js';
import { type Problem, ProblemError, problem } from '../model/problem.js';
import { checkRequest, type TeamAccessRequest, teamSlug } from '../model/request.js';
import { decideAccess, requestedTeam, type TeamDocument } from '../model/team.js';
import { type Held, heldAfter, heldOf } from '../plan/moves.js';
import type { Target } from '../plan/plan-document.js';
import { outboxWrite } from './announce.js';
import { sendCommand } from './commands.js';
import { listEntries, readOperation, readPlan, readTeam } from './documents.js';
import { dropWrites } from './end-operation.js';
import { join, LISTENERS_MAX, tellAgain } from './join.js';
import { newOperation, planOf } from './new-operation.js';
import {
  claimedOperation,
  claimWrites,
  keyOf,
  type ReceiptDocument,
  type RequestKey,
  readReceipt,
  refusedReuse,
  takeReceipt,
} from './receipts.js';
import type { Services } from './services.js';
import type { Stored, Write } from './store.js';
import { movesTo, stagesOf } from './target.js';
import { unparkWrite } from './unpark.js';

export type Intake =
  | { kind: 'accepted' | 'same' | 'no-change'; operation: OperationDocument }
  | { kind: 'refused'; problem: Problem };

/** Rounds of read, decide, claim. Each lost round means that somebody else's claim succeeded, and of those there are bounds. */
const CLAIM_ROUNDS_MAX = LISTENERS_MAX + QUEUE_MAX;

export async function takeRequest(document: unknown, origin: Origin, services: Services): Promise<Intake> {
  const key = keyOf(document, origin);
  const earlier = key && (await readReceipt(key, services));
  const answered = earlier && (await answerTo(earlier, key, origin, services));
  if (answered) return answered;

  const checked = checkRequest(document, services.catalog, services.guardrails);
  if (!checked.ok) return { kind: 'refused', problem: checked.problem };
  const { request, specHash } = checked;
  const receipt = earlier ?? (key && (await takeReceipt(key, teamSlug(request), services)));
  const asked: Asked = {
    request,
    specHash,
    origin,
    key,
    id: receipt?.operationId ?? operationId(teamSlug(request), newId(services.clock.now())),
  };
  for (let round = 0; round < CLAIM_ROUNDS_MAX; round++) {
    const intake = await joinOrClaim(asked, services);
    if (intake) return intake;
    // Whoever has taken the place may be the same sender's other try.
    const other = receipt && key && (await answerTo(receipt, key, origin, services));
    if (other) return other;
  }
  throw new ProblemError(problem('unavailable', `"${request.metadata.name}" is being written by others; try again.`));
}

/** A checked request, by whom, and the id that its operation will have. */
interface Asked {
  request: TeamAccessRequest;
  specHash: string;
  origin: Origin;
  key?: RequestKey;
  id: string;
}

/** What the sender's earlier try led to, whatever the catalog says today; undefined when it led to nothing yet. */
async function answerTo(
  receipt: ReceiptDocument,
  key: RequestKey,
  origin: Origin,
  services: Services,
): Promise<Intake | undefined> {
  const reuse = refusedReuse(receipt, key, origin);
  if (reuse) return { kind: 'refused', problem: reuse };
  const operation = await claimedOperation(key, receipt, services);
  if (!operation) return undefined;
  await tellAgain(operation, origin, services);
  return { kind: 'same', operation };
}

/** Undefined when somebody else was first: read again and decide again. */
async function joinOrClaim(asked: Asked, services: Services): Promise<Intake | undefined> {
  const { request, specHash, origin, key } = asked;
  const team = await readTeam(services.store, teamSlug(request));
  const decision = decideAccess(team?.document, specHash, await isNewestStopped(team, services));
  if (decision.kind !== 'start') {
    const joined = await join(decision, team!.document, origin, key, services);
    if (!joined) return undefined;
    return 'code' in joined ? { kind: 'refused', problem: joined } : { kind: decision.kind, operation: joined };
  }
  if ((team?.document.queue.length ?? 0) >= QUEUE_MAX) return { kind: 'refused', problem: queueFull(request) };
  const operation = await claim(asked, team, services);
  return operation && { kind: 'accepted', operation };
}

/** An operation that is being stopped is nobody's answer: who asks again queues behind it. */
async function isNewestStopped(team: Stored<TeamDocument> | undefined, { store }: Services): Promise<boolean> {
  const newest = team?.document.newest;
  if (!newest || newest.operationId === team.document.settled?.operationId) return false;
  return (await readOperation(store, newest.operationId))?.document.stop !== undefined;
}

/** Writes team, operation, plan and claim at once; undefined when somebody else was first: read again and decide again. */
async function claim(
  { request, specHash, origin, key, id }: Asked,
  previous: Stored<TeamDocument> | undefined,
  services: Services,
): Promise<OperationDocument | undefined> {
  const { store, clock } = services;
  const partition = teamSlug(request);
  const now = timestamp(clock);
  const generation = (previous?.document.generation ?? 0) + 1;
  const placed = { operationId: id, kind: 'provision-team-access' as const, generation, specHash };
  const requested = requestedTeam(previous?.document, request, placed, partition, now);
  const { line: queued, superseded } = enqueue(requested, placed);
  const { line, starts } = giveLane(queued);
  const target: Target = { kind: 'team-access', spec: request.spec, keyGeneration: requested.keyGeneration };
  const subject = { subject: request.metadata.name, team: partition };
  const shown = movesTo(target, await heldBefore(previous, subject, services), subject, services);
  const operation = newOperation({
    ...subject,
    id,
    kind: placed.kind,
    generation,
    specHash,
    origin,
    failurePolicy: request.spec.failurePolicy ?? 'undo',
    phase: starts ? 'accepted' : 'queued',
    moves: shown,
    now,
  });
  const steps = shown.flat(2).length;
  const writes: Write[] = [
    previous ? { replace: line, etag: previous.etag } : { create: line },
    { create: operation },
    { create: planOf(operation, target, shown) },
    ...claimWrites(key, operation),
    ...(await dropWrites(superseded, services)),
    outboxWrite(services, operation, 'accepted', { operationId: id, team: operation.subject, steps }),
  ];
  const parked = previous?.document.isParked ? await unparkHeld(previous.document, services) : undefined;
  if (parked) Object.assign(line, { isParked: undefined });
  if (!(await store.commit(partition, parked ? [...writes, parked.write] : writes))) return undefined;
  // From here on the operation is durable. A command that cannot be sent now is sent by the sweep, which says so in its log.
  if (starts) await sendCommand(operation, services).catch(() => {});
  if (parked) await sendCommand(parked.next, services).catch(() => {});
  return operation;
}

/** A newer request cancels an operation that is held for investigation: it walks back first. A stuck one stays for its operator. */
async function unparkHeld({ lane }: TeamDocument, services: Services) {
  const held = lane && (await readOperation(services.store, lane.operationId))?.document;
  return held?.phase === 'held' ? unparkWrite(held, 'cancel', services) : undefined;
}

/** What a queued request is planned against: what the one before it will leave. */
async function heldBefore(
  previous: Stored<TeamDocument> | undefined,
  subject: Pick<OperationDocument, 'subject' | 'team'>,
  services: Services,
): Promise<Held[]> {
  if (!previous) return [];
  const before = previous.document.queue.at(-1) ?? previous.document.lane;
  const target = before && (await readPlan(services.store, before.operationId))?.document.target;
  if (target) return heldAfter(stagesOf(target, subject, services), services.table);
  return heldOf((await listEntries(services.store, subject.team)).map(({ document }) => document));
}

const queueFull = ({ metadata: { name } }: TeamAccessRequest): Problem =>
  problem('queue-full', `${QUEUE_MAX} operations of "${name}" are waiting; wait for them, or cancel some.`);
