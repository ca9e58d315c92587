/**
 * How long lanes wait rather than write: what admission may give them ahead of the operation's slot, so that a fleet is bound by its writes and
 * not by its waits. Only makes that take their time count; what is answered at once waits for nothing.
 */
import type { Moves } from './moves.js';

type LaneMoves = Moves[number][number];

/** A make that is usually ready sooner is one that is answered at once. */
const SLOW_SECONDS = 10;

const waitSeconds = (lane: LaneMoves): number =>
  lane
    .filter(({ verb, patience }) => verb === 'make' && patience.usualSeconds >= SLOW_SECONDS)
    .reduce((sum, { patience }) => sum + patience.usualSeconds, 0);

/** Models take minutes to deploy; beyond this nobody is let in earlier. */
const LEAD_SECONDS_MAX = 60;

/** Seconds by which the slowest lane may begin before the slot. */
export const leadSeconds = (moves: Moves): number =>
  Math.min(LEAD_SECONDS_MAX, Math.max(0, ...moves.flat().map(waitSeconds)));

/** Is it the lane of its stage that waits longest, and does it wait at all? */
export const isSlowest = (lane: LaneMoves, stage: Moves[number]): boolean =>
  waitSeconds(lane) > 0 && waitSeconds(lane) === Math.max(...stage.map(waitSeconds));
