/** A new operation and its plan, as every claim writes them: all steps visible, as far as they can be foreseen. The worker plans again. */
import type { OperationDocument } from '../model/operation.js';
import type { Moves } from '../plan/moves.js';
import { type PlanDocument, planId, type Target } from '../plan/plan-document.js';

interface NewOperation
  extends Pick<
    OperationDocument,
    'id' | 'team' | 'kind' | 'subject' | 'generation' | 'specHash' | 'origin' | 'failurePolicy' | 'phase'
  > {
  moves: Moves;
  now: string;
  retryOf?: string;
}

/** A new operation with all its steps pending, as far as they can be foreseen. */
export function newOperation({ moves, now, ...fields }: NewOperation): OperationDocument {
  return {
    ...fields,
    type: 'operation',
    attempt: 1,
    direction: 'forward',
    steps: moves.flat(2).map(({ id }) => ({ id, status: 'pending' })),
    createdAt: now,
    lastUpdatedAt: now,
  };
}

export const planOf = ({ id, team }: OperationDocument, target: Target, shown: Moves): PlanDocument => ({
  id: planId(id),
  team,
  type: 'plan',
  operationId: id,
  target,
  titles: shown.flat(2).map(({ title }) => title),
});
