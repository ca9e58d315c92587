/**
 * Plans: what an intent means, as data. Stages one after another, the lanes of a stage at the same time, the steps of a lane in order; no
 * graph language, since every process of a platform reads like this.
 */
import type { Wanted } from '../resources/resource.js';

export type Lane = Wanted[];
export type Stage = Lane[];

/** Lanes that hold nothing are left out, so that a plan may be written with conditions inside. */
export const stage = (...lanes: (Wanted | undefined)[][]): Stage =>
  lanes.map((lane) => lane.filter((wanted) => wanted !== undefined)).filter((lane) => lane.length > 0);
