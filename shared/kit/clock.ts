/** Where product code reads the time. Orchestrations use the durable clock instead. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** The moment as documents and events carry it: ISO 8601, UTC, milliseconds. */
export const timestamp = (clock: Clock): string => new Date(clock.now()).toISOString();
