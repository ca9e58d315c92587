/** The way from here as an orchestration walks it: which activity for which step, no specs. */
import type { Course, CourseStep } from '../../contracts/activities.js';
import type { Direction, LedgerEntry } from '../../model/ledger.js';
import { isSlowest } from '../../plan/leads.js';
import { backwards, type Move, type Moves, type Verb, verbOf } from '../../plan/moves.js';

/** `slotAt`: from when lanes that do not mostly wait may write (forward only). */
export function courseOf(moves: Moves, direction: Direction, entries: readonly LedgerEntry[], slotAt?: string): Course {
  const entered = new Set(entries.map(({ key }) => key));
  const ordered = direction === 'forward' ? moves : backwards(moves, (key) => entered.has(key));
  const stages = ordered.map((lanes) => ({
    ...(entersOf(lanes, direction) && { enters: entersOf(lanes, direction) }),
    lanes: lanes.map((lane) => ({
      steps: lane.map((move) => courseStep(move, direction)),
      ...(slotAt && writes(lane) && !isSlowest(lane, lanes) && { notBefore: slotAt }),
    })),
  }));
  return { direction, stages };
}

/** Removing, closing and opening change what the documents say before anything is done. */
function entersOf(lanes: readonly Move[][], direction: Direction): 'removal' | 'state' | undefined {
  const verbs = direction === 'forward' ? lanes.flat().map(({ verb }) => verb) : [];
  if (verbs.includes('remove')) return 'removal';
  return verbs.includes('close') || verbs.includes('open') ? 'state' : undefined;
}

const writes = (lane: readonly Move[]): boolean => lane.some(({ armWrites }) => armWrites > 0);

const ACTIVITY_OF: Record<Verb, CourseStep['activity']> = {
  make: 'make',
  close: 'make',
  open: 'make',
  check: 'look',
  remove: 'remove',
};

function courseStep(move: Move, direction: Direction): CourseStep {
  const verb = verbOf(move, direction);
  const { usualSeconds, deadlineSeconds } = verb === 'remove' ? move.removal : move.patience;
  return { step: move.index, activity: ACTIVITY_OF[verb], usualSeconds, deadlineSeconds };
}
