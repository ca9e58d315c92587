/**
 * Makes one resource so: look, fence, look again where the service compares nothing, write, answer. Repeats safely, and two runs at once do no
 * harm. On the way back it restores a resource to what the ledger said at the start; `close` and `open` change a subscription's state alone.
 */

import type { StepCall } from '../../contracts/activities.js';
import { aheadUntilMs, isHeld } from '../../model/ledger.js';
import { busy, type Outcome, pending, ready, refused } from '../../model/outcome.js';
import { problem } from '../../model/problem.js';
import { isAccessOpen } from '../../model/team.js';
import { nameOf } from '../../resources/names.js';
import type { Found, Kind, WriteContext, Written } from '../../resources/resource.js';
import { readTeam } from '../documents.js';
import type { Services } from '../services.js';
import { BEFORE_WRITE_SECONDS, SURE_SECONDS } from './bounds.js';
import { guarded, tookTheCall } from './guard.js';
import { answerWrites, clearNote, fence, hasAnswer, readOwnEntry, stateAnswerWrites } from './notes.js';
import { settleStep } from './progress.js';
import { overtaken, type Run, whileHolding } from './run.js';
import { runStep } from './step.js';
import { isSurveyedAbsent } from './surveyed.js';

export const make = (call: StepCall, services: Services): Promise<Outcome> =>
  runStep(call, services, (run) => {
    const kind = services.table.resources.get(run.move.kind)!;
    return run.verb === 'make' ? makeResource(run, kind) : setState(run, kind);
  });

async function makeResource(run: Run, kind: Kind): Promise<Outcome> {
  const { services, spec } = run;
  const entry = await readOwnEntry(run);
  const isDone = hasAnswer(entry, run) && ((await kind.isCurrent?.(spec, services)) ?? true);
  if (isDone) return settleStep(run, await readiness(run, kind));

  let found = await look(run, kind, entry !== undefined);
  if (found && isForeign(run, found)) return settleStep(run, nameTaken(run, found));
  if (!found && kind.creationIsTwoWrites) {
    const untilMs = aheadUntilMs(entry ? [entry.document] : [], services.clock.now(), run.runId);
    if (untilMs) return settleStep(run, busy('AnotherCallMayStillLand', secondsUntil(untilMs, services)));
  }
  if (!(await fence(run, entry))) return overtaken(run);
  if (looksAgain(run, kind, found)) {
    found = await (kind.readAgain ?? kind.read)(spec, services);
    if (found && isForeign(run, found)) {
      await clearNote(run);
      return settleStep(run, nameTaken(run, found));
    }
  }
  const answer = await written(run, () => kind.write(spec, found, services, contextOf(run)));
  if (answer.kind !== 'written' && answer.kind !== 'exists') return settleStep(run, answer);
  const answered = answerWrites(run, answer.kind === 'exists' ? 'foreign' : 'held');
  if (!kind.ready) return settleStep(run, ready, answered);
  if (!(await services.store.commit(run.operation.team, [whileHolding(run), ...answered]))) return overtaken(run);
  // What takes its time is not asked at once: the service has only just taken the call.
  if (kind.patience.usualSeconds >= SLOW_SECONDS)
    return settleStep(run, pending(`"${nameOf(spec.id)}" to be ready`, { resume: LOOK }));
  return settleStep(run, await readiness(run, kind));
}

/** What is there: what a fresh survey said of an absent thing, else a read. Once a call was out the survey says nothing any more. */
async function look(run: Run, { read }: Kind, isEntered: boolean): Promise<Found<unknown> | undefined> {
  const { services, call, spec } = run;
  const mayKnow = call.direction === 'forward' && call.resume === undefined && !isEntered;
  if (mayKnow && (await isSurveyedAbsent(run))) return undefined;
  return read(spec, services);
}

/**
 * Where the service compares nothing, the run reads again between its note and its write, so that only the moment in between is left. What
 * stands under an owned parent is owned: nothing foreign can be there.
 */
const looksAgain = ({ spec }: Run, kind: Kind, found: unknown): boolean =>
  !kind.parent?.(spec) && !(found ? kind.compares.write : kind.compares.create);

/** After an answered write: ready at once, or by the kind's own look. */
export async function readiness({ spec, services }: Run, { ready: isReady }: Kind): Promise<Outcome> {
  const outcome = isReady ? await isReady(spec, services) : ready;
  return outcome.kind === 'pending' ? { ...outcome, resume: LOOK } : outcome;
}

/** Usually not ready before this long: no look at once. */
const SLOW_SECONDS = 10;

/** Resume of what has been written: from here on it is only looked at. */
export const LOOK = 'look';

/** Runs the write; what the service has not taken leaves no note behind. */
async function written(run: Run, write: () => Promise<Written>): Promise<Written | Outcome> {
  if (run.spentSeconds() > BEFORE_WRITE_SECONDS) {
    await clearNote(run);
    return busy('SlowReads');
  }
  try {
    const answer = await write();
    if (answer.kind !== 'written' && answer.kind !== 'exists') await clearNote(run);
    return answer;
  } catch (error) {
    if (tookTheCall(error) === 'no') await clearNote(run);
    return guarded(error, run.services);
  }
}

/** Opens or closes the subscription, by the holds as they are, on the version that was read. Marks nothing, and needs an entry. */
async function setState(run: Run, kind: Kind): Promise<Outcome> {
  const { services, spec, verb } = run;
  const entry = await readOwnEntry(run);
  if (!isHeld(entry?.document)) return settleStep(run, ready);
  const found = await kind.read(spec, services);
  if (!found && run.call.resume !== SURE)
    return settleStep(
      run,
      pending(`"${run.move.title}" to be there`, { resume: SURE, retryAfterSeconds: SURE_SECONDS }),
    );
  if (!found || isForeign(run, found)) return settleStep(run, ready);
  if (!(await fence(run, entry, { marks: false }))) return overtaken(run);
  const context = contextOf(run);
  const state = verb === 'close' ? { ...context, isOpen: async () => false } : context;
  const answer = await written(run, () => kind.write(spec, found, services, state));
  if (answer.kind !== 'written') return settleStep(run, answer as Outcome);
  return settleStep(run, ready, stateAnswerWrites(run));
}

/** Resume of an absence that was seen once. */
export const SURE = 'sure';

const contextOf = ({ services, operation }: Run): WriteContext => ({
  operationId: operation.id,
  isOpen: async () => {
    const team = (await readTeam(services.store, operation.team))?.document;
    return team !== undefined && isAccessOpen(team);
  },
});

export const isForeign = ({ spec }: Pick<Run, 'spec'>, { owner }: Found<unknown>): boolean => owner !== spec.owner;

const nameTaken = ({ spec }: Run, { owner }: Found<unknown>): Outcome =>
  refused(
    problem('name-taken', `"${spec.id}" exists and is ${owner ? `kept for ${owner}` : 'not made by hai'}.`, {
      nextStep: 'Rename or remove it, or ask an operator to adopt it.',
    }),
  );

const secondsUntil = (ms: number, { clock }: Services): number => Math.ceil((ms - clock.now()) / 1000);
