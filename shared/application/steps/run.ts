/**
 * What every run of `make`, `look` and `remove` begins with: who it works for, whether that one still has the say, and what the frozen plan
 * says of the step. Nothing of it is trusted that its kind cannot have.
 */

import type { StepCall } from '../../contracts/activities.js';
import { newId } from '../../kit/ids.js';
import { type Direction, holderOf, LEDGER_ID, type Spec } from '../../model/ledger.js';
import { hasEnded, isParked, type OperationDocument } from '../../model/operation.js';
import { type Outcome, refused, stopped } from '../../model/outcome.js';
import { problem } from '../../model/problem.js';
import { type Move, specOf, type Verb, verbOf } from '../../plan/moves.js';
import { readFrozenPlan, readOperation } from '../documents.js';
import type { Services } from '../services.js';
import type { Write } from '../store.js';

export interface Run {
  services: Services;
  call: StepCall;
  operation: OperationDocument;
  move: Move;
  /** What the move means in the call's direction. */
  verb: Verb;
  /** Checked against its kind. */
  spec: Spec;
  /** Names this run's notes in the ledger. */
  runId: string;
}

export const isOutcome = (value: Run | Outcome): value is Outcome => 'kind' in value;

/** The step to run, or why not: somebody else has the say, or the plan holds what its kind cannot have. */
export async function beginRun(call: StepCall, services: Services): Promise<Run | Outcome> {
  const operation = (await readOperation(services.store, call.operationId))?.document;
  if (!operation || !hasSay(operation, call.attempt, call.direction)) return stopped;
  const move = (await readFrozenPlan(services.store, call.operationId))?.moves
    ?.flat(2)
    .find(({ index }) => index === call.step);
  if (!move) return stopped;
  const spec = specOf(move, call.direction);
  const kind = services.table.resources.get(move.kind) ?? services.table.checks.get(move.kind);
  if (!kind?.spec.safeParse(spec).success || spec.owner !== ownerOf(operation)) return distrusted(move, services);
  const runId = newId(services.clock.now());
  return { services, call, operation, move, verb: verbOf(move, call.direction), spec, runId };
}

/** Whether an attempt may still go a way. Read before for promptness; what counts is the fence. */
export function hasSay(operation: OperationDocument, attempt: number, direction: Direction): boolean {
  if (hasEnded(operation.phase) || isParked(operation.phase)) return false;
  if (operation.attempt !== attempt || operation.direction !== direction) return false;
  return direction === 'back' || !operation.stop || operation.pivot === true;
}

/** The subject that the operation's resources belong to, as specs name it. */
export const ownerOf = ({ team, subject }: Pick<OperationDocument, 'team' | 'subject'>): string =>
  team.startsWith('model_') ? `model ${subject}` : subject;

/** In a transaction: writes only while this attempt, going this way, holds the subject's ledger. */
export function whileHolding({ call }: Pick<Run, 'call'>): Write {
  const holder = holderOf(call.operationId, call.attempt, call.direction);
  return { patch: LEDGER_ID, if: { equals: { '/holder': holder } }, set: { '/holder': holder } };
}

function distrusted({ kind, id }: Move, { log }: Services): Outcome {
  log('error', `Step "${id}" has a spec that "${kind}" cannot have for its subject; it is not acted on`);
  return refused(problem('unexpected-error', `Step "${id}" holds something that its kind cannot have.`));
}
