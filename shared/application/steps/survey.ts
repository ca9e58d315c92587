/**
 * One look an attempt at everything planned and held, in parallel. At an operation's first survey its plan is made by the worker and frozen;
 * what is there and not this subject's ends it with nothing written. What counts as held is what ledger and survey say together.
 */

import type { FrameAnswer, SurveyCall } from '../../contracts/activities.js';
import { timestamp } from '../../kit/clock.js';
import { differences } from '../../kit/differences.js';
import { entryKey, holderOf, isHeld, type LedgerEntry, type Spec } from '../../model/ledger.js';
import { partitionOf } from '../../model/naming.js';
import type { OperationDocument, OperationStep } from '../../model/operation.js';
import { pending, stopped } from '../../model/outcome.js';
import { type Problem, problem } from '../../model/problem.js';
import { heldOf, type Move, type Moves, planHashOf } from '../../plan/moves.js';
import { type PlanDocument, type SurveyDocument, surveyId, type Verdict } from '../../plan/plan-document.js';
import type { Kind } from '../../resources/resource.js';
import { isSpecOf } from '../../resources/trust.js';
import { listEntries, readHead, readOperation, readPlan, readSubject } from '../documents.js';
import { endOperation } from '../end-operation.js';
import type { Services } from '../services.js';
import type { Stored, Write } from '../store.js';
import { movesTo, stagesOf, wantedThings } from '../target.js';
import { SURVEY_READS_AT_ONCE } from './bounds.js';
import { courseOf } from './course.js';
import { drain } from './drain.js';
import { asOutcome } from './guard.js';
import { wakesAtFrom } from './progress.js';
import { turnBack } from './record.js';
import { ownerOf, whileHolding } from './run.js';

type Thing = { key: string; kind: string; spec: Spec };

export async function survey(call: SurveyCall, services: Services): Promise<FrameAnswer> {
  const answer = await asOutcome<FrameAnswer>(() => surveyAll(call, services), services);
  if (answer.kind !== 'refused') return answer;
  // A read that is refused for good ends it like a step: the frame goes back, with this as the cause.
  const { operationId: id, attempt } = call;
  const isOurs = { equals: { '/attempt': attempt }, absent: ['/error'] };
  await services.store.commit(partitionOf(id), [{ patch: id, if: isOurs, set: { '/error': answer.problem } }]);
  return answer;
}

async function surveyAll({ operationId, attempt, resume }: SurveyCall, services: Services): Promise<FrameAnswer> {
  const { store, clock } = services;
  const operation = (await readOperation(store, operationId))?.document;
  const plan = await readPlan(store, operationId);
  if (!operation || !plan || operation.attempt !== attempt) return stopped;
  const head = await readHead(store, operation.team);
  if (head?.document.holder !== holderOf(operationId, attempt, operation.direction)) return stopped;
  const listed = await listEntries(store, operation.team);
  const entries = trusted(
    listed.map(({ document }) => document),
    operation,
    services,
  );
  const wait = drain(entries, resume, clock.now());
  if (wait) return wait;

  // Whatever a claim has written beside the intent counts for nothing: the worker's own plan is the one that runs.
  const isFirst = operation.surveyed === undefined;
  const known = isFirst ? undefined : plan.document.moves;
  const found = await lookAtAll(thingsOf(operation, plan.document, known, entries, services), services);
  const doubted = entries.filter((entry) => isDoubted(entry, found[entry.key]));
  const marked = entries.map((entry) => (doubted.includes(entry) ? { ...entry, state: 'writing' as const } : entry));
  const frozen = known ?? (await planMoves(plan.document, marked, operation, services));

  const foreign = frozen.flat(2).filter((move) => move.verb === 'make' && found[move.key]?.is === 'foreign');
  if (foreign.length > 0 && isFirst) return endsForeign(operation, foreign, services);
  const writes = [
    ...(isFirst ? [freezeWrite(plan, frozen)] : []),
    surveyWrite(operation, attempt, services, foreign, isFirst ? { '/steps': stepsOf(frozen) } : {}),
    await surveyDocumentWrite(operation, attempt, found, services),
  ];
  const marks = listed.filter(({ document }) => doubted.includes(document) && document.state !== 'writing');
  if (!(await markDoubted(operation, attempt, marks, services)) || !(await store.commit(operation.team, writes)))
    return pending('the survey to be recorded', { retryAfterSeconds: 1 });
  const isStopped = operation.stop !== undefined || foreign.length > 0;
  if (isStopped && !operation.pivot && operation.direction === 'forward')
    return turnBack({ operationId, attempt, resume }, services);
  const slotAt = operation.direction === 'forward' ? operation.slotAt : undefined;
  const course = courseOf(frozen, operation.direction, entries, slotAt);
  return { kind: 'ready', course: { ...course, ...(operation.pivot && { isPivoted: true }) } };
}

/** The worker's own plan, from the checked intent, its own catalog and platform, and what is held now. */
async function planMoves(
  { target }: PlanDocument,
  entries: LedgerEntry[],
  operation: OperationDocument,
  services: Services,
): Promise<Moves> {
  const subject = (await readSubject(services.store, operation.team))?.document;
  const isEnding = subject?.type === 'team' && subject.isEnding === true;
  return movesTo(target, heldOf(entries), operation, services, isEnding);
}

/** Planned and held, each once. */
function thingsOf(
  operation: OperationDocument,
  { target }: PlanDocument,
  known: Moves | undefined,
  entries: LedgerEntry[],
  services: Services,
): Thing[] {
  const planned = known
    ? known.flat(2).flatMap(({ key, kind, spec }) => (key ? [{ key, kind, spec: spec as Spec }] : []))
    : wantedThings(stagesOf(target, operation, services), services);
  const held = entries.filter(isHeld).map(({ key, kind, spec, asked }) => ({ key, kind, spec: spec ?? asked }));
  return [...new Map([...held, ...planned].map((thing) => [thing.key, thing])).values()];
}

/** An entry that its kind, or this subject, cannot have is never acted on, and alerts. */
function trusted(entries: LedgerEntry[], operation: OperationDocument, { table, log }: Services): LedgerEntry[] {
  return entries.filter(({ id, key, kind, spec, asked }) => {
    const isTrusted =
      key === entryKey(kind, (spec ?? asked).id) &&
      [spec ?? asked, asked].every((one) => isSpecOf(table, kind, one, ownerOf(operation)));
    if (!isTrusted)
      log('error', `Ledger entry "${id}" of "${operation.team}" is not one that hai makes; it is not acted on`);
    return isTrusted;
  });
}

/** Reads parents before what stands under them: an absent or deleted one has no children, a foreign one has only foreign ones. */
async function lookAtAll(things: readonly Thing[], services: Services): Promise<Record<string, Verdict>> {
  const found: Record<string, Verdict> = {};
  let left = [...things];
  while (left.length > 0) {
    const waiting = new Set(left.map(({ kind, spec }) => `${kind} ${spec.id}`));
    const now = left.filter((thing) => !waiting.has(parentName(thing, services)));
    const batch = (now.length > 0 ? now : left).slice(0, SURVEY_READS_AT_ONCE);
    const verdicts = await Promise.all(batch.map((thing) => verdictOf(thing, found, things, services)));
    batch.forEach(({ key }, index) => {
      found[key] = verdicts[index]!;
    });
    left = left.filter((thing) => !batch.includes(thing));
  }
  return found;
}

const kindOf = ({ kind }: Thing, { table }: Services): Kind => table.resources.get(kind)!;

function parentName(thing: Thing, services: Services): string {
  const parent = kindOf(thing, services).parent?.(thing.spec);
  return parent ? `${parent.kind} ${parent.id}` : '';
}

async function verdictOf(
  thing: Thing,
  found: Record<string, Verdict>,
  things: readonly Thing[],
  services: Services,
): Promise<Verdict> {
  const name = parentName(thing, services);
  const parent = name && things.find(({ kind, spec }) => `${kind} ${spec.id}` === name);
  const above = parent ? found[parent.key]?.is : undefined;
  if (above === 'foreign') return { is: above };
  if (above === 'absent' || above === 'deleted') return { is: 'absent' };
  const kind = kindOf(thing, services);
  const there = await kind.read(thing.spec, services);
  if (!there) return { is: 'absent' };
  if (there.owner !== thing.spec.owner) return { is: 'foreign' };
  if (there.life === 'deleted') return { is: 'deleted' };
  const paths = differences(there.body, kind.wanted(thing.spec));
  return paths.length > 0 ? { is: 'different', paths: paths.slice(0, PATHS_MAX) } : { is: 'ours' };
}

/** Paths that a report names for one resource; more tell nobody more. */
const PATHS_MAX = 10;

/** The ledger says that it is there, the world that it is not, or not ours. */
const isDoubted = (entry: LedgerEntry, verdict: Verdict | undefined): boolean =>
  isHeld(entry) && (verdict?.is === 'absent' || (verdict?.is === 'foreign' && entry.state !== 'foreign'));

/** A transaction takes a hundred writes. */
const MARKS_AT_ONCE = 90;

/** As they were read: what a step has made meanwhile, should this run be late, is no longer doubted. */
async function markDoubted(
  operation: OperationDocument,
  attempt: number,
  doubted: Stored<LedgerEntry>[],
  { store }: Services,
): Promise<boolean> {
  const holding = whileHolding({
    call: { operationId: operation.id, attempt, direction: operation.direction, step: 0 },
  });
  for (let from = 0; from < doubted.length; from += MARKS_AT_ONCE) {
    const marks = doubted
      .slice(from, from + MARKS_AT_ONCE)
      .map(({ document, etag }): Write => ({ replace: { ...document, state: 'writing' }, etag }));
    if (!(await store.commit(operation.team, [holding, ...marks]))) return false;
  }
  return true;
}

async function endsForeign(operation: OperationDocument, foreign: Move[], services: Services): Promise<FrameAnswer> {
  const cause = nameTaken(foreign);
  if (await endOperation(operation, { phase: 'failed', error: cause }, services))
    return { kind: 'ready', ended: 'failed' };
  return pending('the end to be recorded', { retryAfterSeconds: 1 });
}

function nameTaken(foreign: readonly Move[]): Problem {
  const names = foreign.map(({ spec }) => (spec as Spec).id);
  return problem(
    'name-taken',
    `${names.length === 1 ? 'This is' : 'These are'} there and not made by hai for this subject: ${names.join(', ')}.`,
    {
      nextStep: 'Rename or remove what is there, or ask an operator to adopt it. Nothing was changed.',
    },
  );
}

function freezeWrite(plan: Stored<PlanDocument>, frozen: Moves): Write {
  const titles = frozen.flat(2).map(({ title }) => title);
  return { replace: { ...plan.document, titles, moves: frozen, moveHash: planHashOf(frozen) }, etag: plan.etag };
}

const stepsOf = (frozen: Moves): OperationStep[] => frozen.flat(2).map(({ id }) => ({ id, status: 'pending' }));

function surveyWrite(
  operation: OperationDocument,
  attempt: number,
  { clock }: Services,
  foreign: Move[],
  frozen: { '/steps'?: OperationStep[] },
): Write {
  const isStop = foreign.length > 0 && operation.direction === 'forward' && !operation.pivot && !operation.stop;
  return {
    patch: operation.id,
    if: { equals: { '/attempt': attempt }, absent: isStop ? ['/stop'] : [] },
    set: {
      '/surveyed': attempt,
      '/wakesAt': wakesAtFrom(clock.now()),
      '/lastUpdatedAt': timestamp(clock),
      ...frozen,
      ...(isStop && { '/error': nameTaken(foreign), '/stop': 'failed' }),
    },
  };
}

async function surveyDocumentWrite(
  operation: OperationDocument,
  attempt: number,
  found: Record<string, Verdict>,
  services: Services,
): Promise<Write> {
  const { team, id } = operation;
  const document: SurveyDocument = {
    id: surveyId(id),
    team,
    type: 'survey',
    operationId: id,
    attempt,
    at: timestamp(services.clock),
    found,
  };
  const former = await services.store.read<SurveyDocument>(team, surveyId(id));
  return former ? { replace: document, etag: former.etag } : { create: document };
}
