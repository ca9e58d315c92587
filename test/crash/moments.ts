/** When to kill: seeded, of several kinds, spread over the whole run. */
import type { Asks } from './asks.js';
import type { Platform } from './platform.js';
import { pause, type Random } from './random.js';

/** What makes the moment, and the share that it has. */
const KINDS = {
  /** At any time of a host's life. */
  anywhere: 0.28,
  /** While a POST is under way: its caller gets no answer. */
  asking: 0.16,
  /** Right after a POST was answered. */
  answered: 0.12,
  /** Right after a message was acknowledged. */
  sent: 0.12,
  /** Right after a ticket was told of a step, or of the end: the next one is under way. */
  told: 0.1,
  /** Before the host is up. */
  starting: 0.12,
  /** Host and world at once, at any time. */
  both: 0.1,
} as const;
type Kind = keyof typeof KINDS;

/** A host lives for up to so many times what its start took: its first work costs about as much again, on a busy machine too. */
const LIFE_IN_STARTS = 2.5;
/** Real milliseconds. A request is answered, and a record written, within some 20. */
const SOON_MS = 60;
/** How long a moment that depends on others is waited for. */
const WAIT_MS = 3_000;

/** So many moments, each kind by its share. */
export function kindsOf(count: number, chance: Random): Kind[] {
  const kinds = Object.entries(KINDS).flatMap(([kind, share]) =>
    Array.from({ length: Math.max(1, Math.round(share * count)) }, () => kind as Kind),
  );
  while (kinds.length < count) kinds.push('anywhere');
  return chance.shuffled(kinds).slice(0, count);
}

/** Waits for the moment and kills; the next processes are starting when it resolves. */
export async function killAt(kind: Kind, platform: Platform, asks: Asks, chance: Random): Promise<void> {
  if (kind === 'starting') await pause(chance.between(0, platform.startMs));
  else {
    await platform.isUp();
    await pause(chance.between(0, LIFE_IN_STARTS * platform.startMs));
    if (kind !== 'anywhere' && kind !== 'both') {
      await happens(asks, kind);
      await pause(chance.between(0, SOON_MS));
    }
  }
  await platform.kill(kind === 'both' ? 'both' : 'host');
}

const happens = (asks: Asks, kind: Kind): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(tooLate);
      resolve();
    };
    const tooLate = setTimeout(() => {
      asks.moments.off(kind, done);
      resolve();
    }, WAIT_MS);
    asks.moments.once(kind, done);
  });
