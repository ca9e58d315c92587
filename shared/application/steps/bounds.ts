/** The bounds of one activity run, each with its reason. */

/** A call to a service is aborted after this long; Resource Manager itself gives up after about as long. */
export const CALL_SECONDS = 100;

/** A run that has not begun to write by then begins anew: what comes after it still ends below the function's five minutes. */
export const BEFORE_WRITE_SECONDS = 60;

/** What one run may take in all, with two writes (a subscription's): beyond the function's five minutes Azure would end the worker. */
const RUN_SECONDS = BEFORE_WRITE_SECONDS + 2 * CALL_SECONDS;

/** A call that was aborted here may still land there: as long again as it was allowed to take. */
const LATE_SECONDS = CALL_SECONDS;

/** Until when a note stands: longest run, and the longest lateness of its last call. */
export const NOTE_SECONDS = RUN_SECONDS + LATE_SECONDS;

/** Between two looks at notes: whoever made them has mostly heard his answer by then. */
export const DRAIN_LOOK_SECONDS = 10;

/** Between two looks that must agree that something is gone: longer than replicas of a service differ. */
export const SURE_SECONDS = 30;

/** Between two refusals that must agree before a person is called: what passes by itself has mostly passed by then. */
export const AGAIN_SECONDS = 60;

/** A survey that is older than this is not believed by a step, which reads again. */
export const SURVEY_SECONDS = 60;

/** Reads of one survey at a time: a plan has up to two hundred resources, and a burst must not empty a bucket. */
export const SURVEY_READS_AT_ONCE = 8;
