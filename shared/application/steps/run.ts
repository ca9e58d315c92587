/**
 * What every run of `make`, `look` and `remove` begins with: who it works for, whether that one still has the say, and what the frozen plan
 * says of the step. Nothing of it is trusted that its kind cannot have.
 */

import type { StepCall } from '../../contracts/activities.js';
import { newId } from '../../kit/ids.js';
import { type Direction, holderOf, LEDGER_ID, type Spec } from '../../model/ledger.js';
import { hasEnded, isParked, type OperationDocument } from '../../model/operation.js';
import { busy, type Outcome, refused, stopped } from '../../model/outcome.js';
import { problem } from '../../model/problem.js';
import { type Move, specOf, type Verb, verbOf } from '../../plan/moves.js';
import { isSpecOf } from '../../resources/trust.js';
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
  /** Trusted once it has been checked against its kind. */
  spec: Spec;
  /** Names this run's notes in the ledger. */
  runId: string;
  /** By a clock that nobody sets: how long this run has taken. */
  spentSeconds(): number;
}

export const isOutcome = (value: Run | Outcome): value is Outcome => 'kind' in value;

/** The step to run; `stopped` when somebody else has the say. */
export async function beginRun(call: StepCall, services: Services): Promise<Run | Outcome> {
  const operation = (await readOperation(services.store, call.operationId))?.document;
  if (!operation || !hasSay(operation, call.attempt, call.direction)) return stopped;
  const move = (await readFrozenPlan(services.store, call.operationId))?.moves
    ?.flat(2)
    .find(({ index }) => index === call.step);
  if (!move) return stopped;
  const startedMs = performance.now();
  return {
    services,
    call,
    operation,
    move,
    verb: verbOf(move, call.direction),
    spec: specOf(move, call.direction),
    runId: newId(services.clock.now()),
    spentSeconds: () => (performance.now() - startedMs) / 1000,
  };
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

/** A write was refused: somebody else holds the ledger, or another run of this step was faster. The next run tells which. */
export async function overtaken({ call, services }: Run): Promise<Outcome> {
  const again = await beginRun(call, services);
  return isOutcome(again) ? again : busy('LedgerIsBeingWritten', 1);
}

/** In a transaction: writes only while this attempt, going this way, holds the subject's ledger. */
export function whileHolding({ call }: Pick<Run, 'call'>): Write {
  const holder = holderOf(call.operationId, call.attempt, call.direction);
  return { patch: LEDGER_ID, if: { equals: { '/holder': holder } }, set: { '/holder': holder } };
}

/** Nothing is done with what its kind cannot have, or what is not this subject's. */
export const isTrusted = ({ move: { kind }, spec, operation, services: { table } }: Run): boolean =>
  isSpecOf(table, kind, spec, ownerOf(operation));

export function distrusted({ move: { kind, id }, services: { log } }: Run): Outcome {
  log('error', `Step "${id}" has a spec that "${kind}" cannot have for its subject; it is not acted on`);
  return refused(problem('unexpected-error', `Step "${id}" holds something that its kind cannot have.`));
}
