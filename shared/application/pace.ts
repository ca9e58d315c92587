/**
 * Admission: operations that write are let in, in the order in which they ask, as fast as Resource Manager refills its bucket for our
 * principal, so that a fleet neither collapses under 429s nor starves its oldest (findings P1). One small document holds the time of the next
 * free slot; taking one is a single conditional increment. A 429 moves everybody's slots.
 */
import type { FrameAnswer } from '../contracts/activities.js';
import type { OperationDocument } from '../model/operation.js';
import { pending, ready } from '../model/outcome.js';
import { leadSeconds } from '../plan/leads.js';
import { heldOf } from '../plan/moves.js';
import { listEntries, readPlan } from './documents.js';
import type { Services } from './services.js';
import type { Write } from './store.js';
import { movesTo } from './target.js';

/** Resource Manager refills ten writes a second for one principal, and lets 200 come at once (request limits and throttling, 2024). */
const WRITES_PER_SECOND = 10;
/**
 * Of the 200, fifty are kept for what an operation writes before its slot: the first call of its slowest lane, and what is not planned here
 * (looks at deletions, people).
 */
const BURST_WRITES = 150;
/** Who begins reads some ten things at once; Resource Manager refills 25 reads a second and lets 250 come at once. */
const START_MS = 400;
const BURST_STARTS = 20;

/** What came at once before a cursor counts, in milliseconds of pace time. */
const BURST_MS = { '/nextMs': (BURST_WRITES / WRITES_PER_SECOND) * 1000, '/nextStartMs': BURST_STARTS * START_MS };
type Cursor = keyof typeof BURST_MS;

/**
 * The pace of one principal. Its cursors are pace time: world time less all the time that 429s asked everybody to wait. So a 429 moves every
 * slot that was given out, and those who wait are not let in all at once when it is over.
 */
export interface PaceDocument {
  id: string;
  team: typeof PACE_PARTITION;
  type: 'pace';
  /** When the writes that were promised so far have been refilled. */
  nextMs: number;
  /** When the reads of those who began have been. */
  nextStartMs: number;
  /** World time less pace time. */
  shiftMs: number;
  /** World time until which the newest 429 asked everybody to wait. */
  pausedUntilMs: number;
  /** World time of whoever took the newest slot. */
  takenMs: number;
}

const PACE_PARTITION = 'pace';
/** One bucket for each principal and Azure subscription; the worker has one of each. */
const paceId = (azureSubscriptionId: string): string => `arm_${azureSubscriptionId}`;

/** When an operation may write as it likes, and begin: in pace time. */
interface Slot {
  atMs: number;
  startMs: number;
}

/**
 * Takes a slot at the first call (`resume` then says which), and looks again when it has come. The slowest lane of a plan hardly writes and
 * mostly waits, so the operation begins by as much earlier; its other lanes wait for the slot itself (`slotAt`).
 */
export async function admit(
  operation: OperationDocument,
  resume: string | undefined,
  services: Services,
): Promise<FrameAnswer> {
  const { store, clock } = services;
  const { shiftMs } = await followClock(await readPace(services), services);
  const paceMs = clock.now() - shiftMs;
  const slot = resume === undefined ? await takeSlot(operation, paceMs, services) : readSlot(resume);
  if (!slot) return ready;
  if (slot.startMs > paceMs)
    return pending('its turn among those who asked before', {
      resume: `${slot.atMs}/${slot.startMs}`,
      retryAfterSeconds: Math.ceil((slot.startMs - paceMs) / 1000),
    });
  if (slot.atMs <= paceMs) return ready;
  const slotAt = new Date(slot.atMs + shiftMs).toISOString();
  const isOurs = { equals: { '/attempt': operation.attempt } };
  await store.commit(operation.team, [{ patch: operation.id, if: isOurs, set: { '/slotAt': slotAt } }]);
  return ready;
}

function readSlot(resume: string): Slot {
  const [atMs = 0, startMs = 0] = resume.split('/').map(Number);
  return { atMs, startMs };
}

/** Undefined for what has nothing to write: it waits for nobody. */
async function takeSlot(operation: OperationDocument, paceMs: number, services: Services): Promise<Slot | undefined> {
  const { store } = services;
  const plan = (await readPlan(store, operation.id))?.document;
  if (!plan) return undefined;
  // What asks for the first time holds nothing.
  const isFirst = operation.kind === 'provision-team-access' && operation.generation === 1;
  const entries =
    plan.moves || isFirst ? [] : (await listEntries(store, operation.team)).map(({ document }) => document);
  const moves = plan.moves ?? movesTo(plan.target, heldOf(entries), operation, services);
  const writes = moves.flat(2).reduce((sum, { armWrites }) => sum + armWrites, 0);
  if (writes === 0) return undefined;
  const atMs = await moveOn('/nextMs', (writes / WRITES_PER_SECOND) * 1000, paceMs, services);
  const startMs = await moveOn('/nextStartMs', START_MS, paceMs, services);
  return { atMs, startMs: Math.max(startMs, atMs - leadSeconds(moves) * 1000) };
}

/** The document, which is made by who comes first. */
async function readPace({ store, clock, platform }: Services): Promise<PaceDocument> {
  const id = paceId(platform.azureSubscriptionId);
  const found = (await store.read<PaceDocument>(PACE_PARTITION, id))?.document;
  if (found) return found;
  const nowMs = clock.now();
  const idle = { nextMs: nowMs - BURST_MS['/nextMs'], nextStartMs: nowMs - BURST_MS['/nextStartMs'] };
  const first: PaceDocument = {
    id,
    team: PACE_PARTITION,
    type: 'pace',
    ...idle,
    shiftMs: 0,
    pausedUntilMs: 0,
    takenMs: nowMs,
  };
  await store.commit(PACE_PARTITION, [{ create: first }]);
  return first;
}

/** Clocks of healthy machines differ by less. */
const SET_BACK_SECONDS = 60;

/**
 * A clock that was set back does not hold everybody up until it has caught up (findings N22): pace time goes on from where the newest slot was
 * taken, so nobody waits longer than as long again as he was told.
 */
async function followClock(pace: PaceDocument, { store, clock }: Services): Promise<PaceDocument> {
  const { id, takenMs } = pace;
  const backMs = takenMs - clock.now();
  if (backMs < SET_BACK_SECONDS * 1000) return pace;
  const moved = await store.patch<PaceDocument>(PACE_PARTITION, {
    patch: id,
    if: { equals: { '/takenMs': takenMs } },
    set: { '/takenMs': clock.now(), '/pausedUntilMs': 0 },
    add: { '/shiftMs': -backMs },
  });
  return moved ?? pace;
}

/** Rounds that a slot may take: each lost one means that the cursor fell idle, or was moved from idle, in between. */
const ROUNDS_MAX = 4;

/** Moves a cursor on by `costMs` in one conditional increment, and answers from when that counts: now as long as the burst is not used up. */
async function moveOn(cursor: Cursor, costMs: number, paceMs: number, services: Services): Promise<number> {
  const { store, platform, clock } = services;
  const id = paceId(platform.azureSubscriptionId);
  const idleMs = paceMs - BURST_MS[cursor];
  const move = (write: Omit<Extract<Write, { patch: string }>, 'patch'>) =>
    store.patch<PaceDocument>(PACE_PARTITION, { patch: id, ...write });
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const moved = await move({
      if: { above: { [cursor]: idleMs } },
      add: { [cursor]: costMs },
      set: { '/takenMs': clock.now() },
    });
    if (moved) return Math.max((cursor === '/nextMs' ? moved.nextMs : moved.nextStartMs) - costMs, paceMs);
    if (
      await move({ if: { atMost: { [cursor]: idleMs } }, set: { [cursor]: idleMs + costMs, '/takenMs': clock.now() } })
    )
      return paceMs;
  }
  return paceMs;
}

/** Longest pause that one 429 may ask of everybody; Resource Manager's own buckets refill within seconds. */
const PAUSE_SECONDS_MAX = 60;

/** A 429 of Resource Manager moves everybody's slots by the time that it asks to wait and nobody has waited yet. */
export async function pauseAdmission(services: Services, retryAfterSeconds: number): Promise<void> {
  const { store, clock, platform } = services;
  const { pausedUntilMs } = await readPace(services);
  const untilMs = clock.now() + Math.min(retryAfterSeconds, PAUSE_SECONDS_MAX) * 1000;
  const moreMs = untilMs - Math.max(pausedUntilMs, clock.now());
  if (moreMs <= 0) return;
  // Who loses this race need not try again: somebody else has just asked for the same.
  await store.patch(PACE_PARTITION, {
    patch: paceId(platform.azureSubscriptionId),
    if: { equals: { '/pausedUntilMs': pausedUntilMs } },
    set: { '/pausedUntilMs': untilMs },
    add: { '/shiftMs': moreMs },
  });
}
