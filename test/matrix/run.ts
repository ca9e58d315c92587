/** One run of a process, undisturbed or with the calls of one verb spoilt, and what became of it. */
import { isParked, type OperationDocument } from '../../shared/model/operation.js';
import type { Verb } from './calls.js';
import { KINDS, type Kind } from './kinds.js';
import { CAUSES, followerOf, PROCESSES, type Process, type Subjects } from './processes.js';
import type { Stage } from './stage.js';
import { type Before, complaints, complaintsOfStuck, lookBefore, partitionOf } from './verdict.js';
import type { Section, Watch } from './watch.js';

export interface Cell {
  process: string;
  section: Section;
  verb: Verb;
  kind: string;
}

/** `unmet`: nothing in the run can be spoilt that way, as a read that finds nothing anyway. */
export type Outcome = 'recovered' | 'failed' | 'stuck' | 'unmet' | 'wrong';

export interface Result {
  outcome: Outcome;
  /** What is wrong; for the person who looks after it. */
  complaints: string[];
  /** The operation at rest. */
  view: string[];
  /** World time from the request to the end. */
  seconds: number;
}

export const nameOf = ({ process, section, verb, kind }: Cell): string => `${process} / ${section} / ${verb} / ${kind}`;

export const processOf = (name: string): Process => PROCESSES.find((process) => process.name === name)!;

/** Calls whose answers the app keeps for a while. */
const KEPT = /^Identity: |listClusterUserCredential$/;

/** World time after which events that waited for the sweep are published. */
const SWEPT_MS = 130_000;

/** Subjects that a recovered run left where another process begins. */
const left = new WeakMap<Stage, Map<string, Subjects[]>>();

async function subjectsFor(process: Process, stage: Stage): Promise<Subjects> {
  return left.get(stage)?.get(process.name)?.pop() ?? process.prepare(stage);
}

/** More than these wait for nothing, and make the lists of the sweep longer. */
const LEFT_MAX = 5;

function leave(next: string, stage: Stage, subjects: Subjects): boolean {
  const byProcess = left.get(stage) ?? new Map<string, Subjects[]>();
  const waiting = byProcess.get(next) ?? [];
  left.set(stage, byProcess.set(next, waiting));
  return waiting.length < LEFT_MAX && waiting.push(subjects) > 0;
}

/** The calls of an undisturbed run, or of one that goes back, by part. */
export async function discover(process: Process, goesBack: boolean, stage: Stage): Promise<Watch['seen']> {
  const result = await run(process, goesBack, stage);
  if (result.outcome !== 'recovered')
    throw new Error(`${process.name} is ${result.outcome}: ${JSON.stringify(result, undefined, 1)}`);
  return stage.watch.seen.filter(
    ({ section }) => (section === 'back') === goesBack && process.sections.includes(section),
  );
}

export function runCell(cell: Cell, stage: Stage): Promise<Result> {
  const kind = KINDS.find(({ name }) => name === cell.kind)!;
  return run(processOf(cell.process), cell.section === 'back', stage, { cell, kind });
}

interface Spoilt {
  cell: Cell;
  kind: Kind;
}

async function run(process: Process, goesBack: boolean, stage: Stage, spoilt?: Spoilt): Promise<Result> {
  const { watch, hai } = stage;
  const subjects = await subjectsFor(process, stage);
  await stage.align(!spoilt || KEPT.test(spoilt.cell.verb));
  const before = await lookBefore(stage, subjects);
  watch.follow(
    followerOf(process.rules(subjects), goesBack),
    spoilt && { section: spoilt.cell.section, verb: spoilt.cell.verb, effect: spoilt.kind.effect },
  );
  const beganMs = hai.clock.now();
  try {
    const id = await process.begin(stage, subjects);
    await stage.rest(id);
    const seconds = (hai.clock.now() - beganMs) / 1000;
    await afterwards(stage);
    const result = await judge(stage, { id, subjects, before, goesBack, spoilt });
    watch.leave();
    const next = goesBack ? (process.beginsAnew ? process.name : undefined) : process.leads;
    const isKept = result.outcome === 'recovered' && next !== undefined && leave(next, stage, subjects);
    if (!isKept && result.outcome !== 'wrong') await stage.forget(partitionOf(subjects));
    return { ...result, seconds };
  } finally {
    watch.leave();
  }
}

interface AtRest {
  id: string;
  subjects: Subjects;
  before: Before;
  goesBack: boolean;
  spoilt?: Spoilt;
}

async function judge(stage: Stage, rest: AtRest): Promise<Omit<Result, 'seconds'>> {
  const { id, subjects, before, goesBack, spoilt } = rest;
  const operation = (await stage.operation(id))!;
  const { met } = stage.watch.spoilt;
  if (isParked(operation.phase)) return judgeStuck(stage, rest, operation);
  const wrong = [...faultsOfOurs(stage), ...(await complaints(stage, subjects, before, operation, 1))];
  if (goesBack && !CAUSES.includes(operation.error?.azureCode ?? '')) wrong.push('the cause of its failure is lost');
  const isThrough = goesBack || operation.phase === 'succeeded';
  const outcome = spoilt && met === 0 ? 'unmet' : isThrough ? 'recovered' : 'failed';
  return { outcome: wrong.length > 0 ? 'wrong' : outcome, complaints: wrong, view: viewOf(operation) };
}

/** Stuck is right only where a removal is refused; once it is not, a person's retry must lead to a clean end. */
async function judgeStuck(
  stage: Stage,
  { id, subjects, before, spoilt }: AtRest,
  operation: OperationDocument,
): Promise<Omit<Result, 'seconds'>> {
  const view = viewOf(operation);
  const refusal = spoilt?.kind.refusesRemovals;
  if (!refusal || operation.phase !== 'stuck')
    return { outcome: 'wrong', complaints: [`it is ${operation.phase}, and no removal is refused`], view };
  if (refusal === 'for-ever') {
    const wrong = [...faultsOfOurs(stage), ...(await complaintsOfStuck(stage, subjects, before, operation))];
    return { outcome: wrong.length > 0 ? 'wrong' : 'stuck', complaints: wrong, view };
  }
  stage.watch.relent();
  const { status } = await stage.hai.post(`operations/${id}/retry`, {});
  await stage.rest(id);
  await afterwards(stage);
  const now = (await stage.operation(id))!;
  const wrong = [...faultsOfOurs(stage), ...(await complaints(stage, subjects, before, now, 2))];
  if (status !== 202) wrong.push(`its retry was answered ${status}`);
  return { outcome: wrong.length > 0 ? 'wrong' : 'stuck', complaints: wrong, view: [...view, ...viewOf(now)] };
}

/** Until the fault is over and the sweep has published what waited. */
async function afterwards({ watch, hai }: Stage): Promise<void> {
  const { untilMs } = watch.spoilt;
  const waitMs = Number.isFinite(untilMs) ? Math.max(0, untilMs - hai.clock.now()) : 0;
  await hai.clock.advance(waitMs + SWEPT_MS);
}

const faultsOfOurs = ({ hai }: Stage): string[] =>
  [...new Set(hai.logs.filter((line) => line.includes('A fault of hai')).map((line) => line.slice(0, 600)))].slice(
    0,
    3,
  );

/** What a person would look at first: steps that are done say nothing. */
function viewOf({ id, phase, attempt, direction, stop, error, steps }: OperationDocument): string[] {
  const told = steps.filter(({ status }) => !['succeeded', 'undone', 'pending'].includes(status));
  return [
    `${id}: ${phase}, attempt ${attempt}, ${direction}, ${stop ?? 'no stop'}`,
    ...(error ? [`${error.code} ${error.azureCode ?? ''}: ${error.detail}`] : []),
    ...told.map(
      ({ id: step, status, waitingFor, error: why }) => `${step} ${status}: ${why?.detail ?? waitingFor ?? ''}`,
    ),
  ];
}
