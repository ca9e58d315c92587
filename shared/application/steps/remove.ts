/**
 * Removes one resource and strikes it from the ledger once that is verified. Absence, and something foreign in its place, count on a second
 * look; a thing that takes time to go, or that stays soft-deleted, is looked at until the service that owns the name no longer has it.
 */

import type { StepCall } from '../../contracts/activities.js';
import { isHeld, type LedgerEntry } from '../../model/ledger.js';
import { type Outcome, pending, ready } from '../../model/outcome.js';
import type { Found, Kind, Removed } from '../../resources/resource.js';
import type { Services } from '../services.js';
import type { Stored } from '../store.js';
import { SURE_SECONDS } from './bounds.js';
import { guarded, tookTheCall } from './guard.js';
import { isForeign, SURE } from './make.js';
import { clearNote, fence, readOwnEntry, strikeWrites } from './notes.js';
import { settleStep } from './progress.js';
import { overtaken, type Run } from './run.js';
import { runStep } from './step.js';

/** Seconds between two looks at something that is on its way out. */
const LOOK_SECONDS = 10;

export const remove = (call: StepCall, services: Services): Promise<Outcome> =>
  runStep(call, services, (run) => removeResource(run));

async function removeResource(run: Run): Promise<Outcome> {
  const { services } = run;
  const kind = services.table.resources.get(run.move.kind)!;
  const entry = await readOwnEntry(run);
  if (!isHeld(entry?.document)) return settleStep(run, ready);
  const found = await kind.read(run.spec, services);
  if (!found || isForeign(run, found)) return gone(run, entry!);
  if (found.life === 'leaving') return settleStep(run, pending(leavingText(run), { retryAfterSeconds: LOOK_SECONDS }));
  return removeFound(run, kind, found, entry!);
}

async function removeFound(run: Run, kind: Kind, seen: Found<unknown>, entry: Stored<LedgerEntry>): Promise<Outcome> {
  const { services, spec } = run;
  if (!(await fence(run, entry))) return overtaken(run);
  let found: Found<unknown> | undefined = seen;
  if (!kind.compares.remove && !kind.parent?.(spec)) {
    found = await kind.read(spec, services);
    if (!found || isForeign(run, found)) {
      await clearNote(run);
      return settleStep(run, pending(leavingText(run), { retryAfterSeconds: 1 }));
    }
  }
  const removed = await answered(run, () => kind.remove(spec, found, services));
  if (removed === 'removed') return strike(run);
  if (removed === 'begun') return settleStep(run, pending(leavingText(run), { retryAfterSeconds: LOOK_SECONDS }));
  // What is still being made refuses to go. It may never be made, so its clock runs.
  if (removed.kind === 'busy' && found.life === 'coming') return settleStep(run, pending(comingText(run)));
  return settleStep(run, removed.kind === 'refused' ? await unlessGone(run, kind, removed) : removed);
}

/** Runs the removal; answered or not taken, nothing of this run can land after it. */
async function answered(run: Run, call: () => Promise<Removed>): Promise<'removed' | 'begun' | Outcome> {
  try {
    const removed = await call();
    // The strike clears it with the entry.
    if (removed !== 'removed') await clearNote(run);
    return removed;
  } catch (error) {
    if (tookTheCall(error) === 'no') await clearNote(run);
    return guarded(error, run.services);
  }
}

/** Gone for sure when a second look, after the service's staleness has passed, says it too. */
async function gone(run: Run, entry: Stored<LedgerEntry>): Promise<Outcome> {
  if (run.call.resume !== SURE)
    return settleStep(run, pending(leavingText(run), { resume: SURE, retryAfterSeconds: SURE_SECONDS }));
  return settleStep(run, ready, strikeWrites(run, entry));
}

async function strike(run: Run): Promise<Outcome> {
  const entry = await readOwnEntry(run);
  return settleStep(run, ready, entry ? strikeWrites(run, entry) : []);
}

/** Before anybody is called, look whether anything is left (findings N19). */
async function unlessGone(run: Run, kind: Kind, refusal: Outcome): Promise<Outcome> {
  const found = await kind.read(run.spec, run.services);
  return found && !isForeign(run, found)
    ? refusal
    : pending(leavingText(run), { resume: SURE, retryAfterSeconds: SURE_SECONDS });
}

const nameOf = ({ spec }: Run): string => spec.id.slice(spec.id.lastIndexOf('/') + 1);
const leavingText = (run: Run): string => `"${nameOf(run)}" to be gone`;
const comingText = (run: Run): string => `"${nameOf(run)}" to be made, so that it can be removed`;
