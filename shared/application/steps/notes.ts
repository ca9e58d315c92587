/**
 * The fence, and what follows it. Before a run sends anything it notes in the ledger that a call of it may land until then; the answer makes
 * the entry `held` or strikes it, and clears the run's own note, no other's. All are conditional on who holds the ledger.
 */
import { aheadUntilMs, entryId, isHeld, type LedgerEntry } from '../../model/ledger.js';
import { isSameSpec } from '../../plan/moves.js';
import { readEntry } from '../documents.js';
import type { Stored, Write } from '../store.js';
import { NOTE_SECONDS } from './bounds.js';
import { type Run, whileHolding } from './run.js';

type Entry = Stored<LedgerEntry> | undefined;

export const readOwnEntry = ({ services, operation, move }: Run): Promise<Entry> =>
  readEntry(services.store, operation.team, move.key);

/** Does the entry already say what the step wants? Only an answered write makes it so, never a read. */
export const hasAnswer = (entry: Entry, { spec }: Run): boolean =>
  entry !== undefined &&
  (entry.document.state === 'held' || entry.document.state === 'foreign') &&
  isSameSpec(entry.document.spec, spec);

/** Adds the run's note; false when the ledger has another holder, or the entry changed meanwhile. */
export function fence(run: Run, entry: Entry, options: { marks: boolean } = { marks: true }): Promise<boolean> {
  const { services, operation } = run;
  return services.store.commit(operation.team, [whileHolding(run), noteWrite(run, entry, options.marks)]);
}

function noteWrite(run: Run, entry: Entry, marks: boolean): Write {
  const { services, operation, move, spec, runId } = run;
  const nowMs = services.clock.now();
  const note = { [runId]: new Date(nowMs + NOTE_SECONDS * 1000).toISOString() };
  if (!entry)
    return {
      create: {
        id: entryId(move.key),
        team: operation.team,
        type: 'ledger-entry',
        key: move.key,
        kind: move.kind,
        title: move.title,
        state: 'writing',
        asked: spec,
        operationId: operation.id,
        since: new Date(nowMs).toISOString(),
        place: move.index,
        notes: note,
      } satisfies LedgerEntry,
    };
  const { document, etag } = entry;
  const isMarked = marks || !isHeld(document);
  return {
    replace: {
      ...document,
      // What was struck is made anew: it has no former spec, and came last.
      ...(!isHeld(document) && { spec: undefined, since: new Date(nowMs).toISOString() }),
      ...(isMarked && { state: 'writing' as const, asked: spec, title: move.title }),
      operationId: operation.id,
      notes: { ...standing(document, nowMs), ...note },
    },
    etag,
  };
}

/** Notes whose time has passed are of no use to anybody. */
const standing = ({ notes }: LedgerEntry, nowMs: number): Record<string, string> =>
  Object.fromEntries(Object.entries(notes).filter(([, until]) => Date.parse(until) > nowMs));

/** The write was answered: the entry is held with the step's spec. */
export const answerWrites = (run: Run, state: 'held' | 'foreign'): Write[] => [
  {
    patch: entryId(run.move.key),
    set: { '/state': state, '/spec': run.spec },
    unset: [notePath(run)],
  },
];

/** A change of the subscription's state alone: nothing of the entry but the run's note. */
export const stateAnswerWrites = (run: Run): Write[] => [{ patch: entryId(run.move.key), unset: [notePath(run)] }];

/** The removal is verified: the entry goes, or, while calls of other runs may land, stays struck. */
export function strikeWrites(run: Run, { document, etag }: Stored<LedgerEntry>): Write[] {
  const othersAhead = aheadUntilMs([document], run.services.clock.now(), run.runId) !== undefined;
  if (!othersAhead) return [{ remove: document.id, etag }];
  const { [run.runId]: _, ...notes } = document.notes;
  return [{ replace: { ...document, state: 'struck', notes }, etag }];
}

/** The service has not taken the call, or has answered it: nothing of this run can land any more. */
export async function clearNote(run: Run): Promise<void> {
  const { services, operation, move } = run;
  await services.store.commit(operation.team, [{ patch: entryId(move.key), unset: [notePath(run)] }]);
}

const notePath = ({ runId }: Run): string => `/notes/${runId}`;
