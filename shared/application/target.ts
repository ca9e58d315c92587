/** What an operation's target means on this platform, planned by the worker from the checked intent with its own catalog. */

import { entryKey, type Spec } from '../model/ledger.js';
import type { OperationDocument } from '../model/operation.js';
import { kaitoModel } from '../plan/kaito-model.js';
import { type Held, type Moves, moves } from '../plan/moves.js';
import type { Stage } from '../plan/plan.js';
import type { Target } from '../plan/plan-document.js';
import { teamAccess } from '../plan/team-access.js';
import type { Services } from './services.js';

type Planning = Pick<Services, 'catalog' | 'platform' | 'guardrails' | 'table'>;

export function stagesOf(
  target: Target,
  { subject, team }: Pick<OperationDocument, 'subject' | 'team'>,
  { catalog, platform, guardrails }: Planning,
): Stage[] {
  if (target.kind === 'nothing') return [];
  if (target.kind === 'team-access')
    return teamAccess(
      { team: subject, slug: team, spec: target.spec, keyGeneration: target.keyGeneration },
      catalog,
      platform,
    );
  const entry = catalog.kaito.find(({ name }) => name === subject);
  if (!entry) throw new Error(`"${subject}" is not in the catalog`);
  return kaitoModel(entry, platform, guardrails.gpuPoolsMax);
}

export const movesTo = (
  target: Target,
  held: readonly Held[],
  operation: Pick<OperationDocument, 'subject' | 'team'>,
  planning: Planning,
  /** The hold `ended` stands, from an abandoned removal. */
  isEnding = false,
): Moves =>
  moves(held, stagesOf(target, operation, planning), planning.table, {
    isEnd: target.kind === 'nothing',
    opens: isEnding && target.kind === 'team-access',
  });

/** Everything that a plan wants to be there: ledger key, kind and spec. */
export const wantedThings = (stages: readonly Stage[], { table }: Planning) =>
  stages.flat(2).flatMap(({ kind, spec }) => {
    if (!table.resources.has(kind)) return [];
    return [{ key: entryKey(kind, (spec as Spec).id), kind, spec: spec as Spec }];
  });
