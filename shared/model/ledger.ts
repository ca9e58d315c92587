/**
 * The ledger: what a subject holds, one entry a resource, written before the first call that could make it and struck when its removal is
 * verified. Its head names who may write (operation, attempt, direction); an entry's notes name the runs whose calls may still land.
 */
import { shortHash } from '../kit/ids.js';

export type Direction = 'forward' | 'back';

/**
 * `writing`: a call is out, or was; what is there is not known. `held`: the last call was answered. `foreign`: what we want is true by somebody
 * else's doing (a role given under another name). `struck`: removed, but a call of another run may still land.
 */
export type EntryState = 'writing' | 'held' | 'foreign' | 'struck';

/** A spec names its thing by its full id, so that it stays what it was after settings move. */
export interface Spec {
  id: string;
  /** The subject that holds it: a team's name, or `model <name>`. */
  owner: string;
}

export interface LedgerEntry {
  /** `entry_<key>` */
  id: string;
  /** Partition: a team's slug, or `model_<name>`. */
  team: string;
  type: 'ledger-entry';
  key: string;
  kind: string;
  title: string;
  state: EntryState;
  /** As last answered; absent before the first answer. */
  spec?: Spec;
  /** What the newest note wants; what a removal goes by when nothing was ever answered. */
  asked: Spec;
  /** The operation that noted last. */
  operationId: string;
  /** When it entered the ledger: what came last leaves first. */
  since: string;
  /** Its place in the plan that brought it in: what entered at the same moment leaves in reverse. */
  place: number;
  /** Run id → until when a call of that run may still land (ISO time). */
  notes: Record<string, string>;
}

/** The head of a subject's ledger. */
export interface LedgerHead {
  id: typeof LEDGER_ID;
  team: string;
  type: 'ledger';
  /** `{operation}/{attempt}/{direction}`, or empty: nobody may write. */
  holder: string;
}

export const LEDGER_ID = 'ledger';

/** Key of a resource in the ledger: its kind, and its full id, which ARM compares without regard to case. */
export const entryKey = (kind: string, id: string): string =>
  `${kind}-${shortHash(`${kind}\n${id.toLowerCase()}`, 10)}`;
export const entryId = (key: string): string => `entry_${key}`;

export const holderOf = (operationId: string, attempt: number, direction: Direction): string =>
  `${operationId}/${attempt}/${direction}`;

/** Something is there, or may be. */
export const isHeld = (entry: LedgerEntry | undefined): entry is LedgerEntry =>
  entry !== undefined && entry.state !== 'struck';

/** Latest moment at which a call of any run but `exceptRun` may still land; undefined when none lies ahead of `nowMs`. */
export function aheadUntilMs(entries: readonly LedgerEntry[], nowMs: number, exceptRun?: string): number | undefined {
  const untils = entries.flatMap(({ notes }) =>
    Object.entries(notes)
      .filter(([run]) => run !== exceptRun)
      .map(([, until]) => Date.parse(until)),
  );
  const ahead = untils.filter((until) => until > nowMs);
  return ahead.length > 0 ? Math.max(...ahead) : undefined;
}
