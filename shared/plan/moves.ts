/**
 * From what is held to what is wanted, and back. What is wanted and not held, or held with another spec, is made in plan order and proven;
 * only then what is held and not wanted is removed, newest first. Going back is the same list from the end. Pure: every operation is this.
 */
import { contentHash } from '../kit/ids.js';
import { type Direction, entryKey, isHeld, type LedgerEntry, type Spec } from '../model/ledger.js';
import type { Patience } from '../model/outcome.js';
import type { ResourceTable } from '../resources/index.js';
import type { Wanted } from '../resources/resource.js';
import type { Stage } from './plan.js';

/** `close` and `open` change the state of a subscription alone, which is nobody's spec. */
export type Verb = 'make' | 'check' | 'remove' | 'close' | 'open';

/** One step of an operation, frozen with all that it needs, so that a later release cannot change a run under way. */
export interface Move {
  /** Place in the operation's steps. */
  index: number;
  /** The step's id. */
  id: string;
  title: string;
  verb: Verb;
  kind: string;
  /** Key of the ledger entry; empty for checks. */
  key: string;
  /** What is made, checked or removed. */
  spec: Wanted['spec'];
  /** What the ledger said at the start; absent when nothing was held. */
  former?: Spec;
  patience: Patience;
  removal: Patience;
  /** Resource Manager writes that admission reckons with. */
  armWrites: number;
}

/** Stages of lanes of moves. */
export type Moves = Move[][][];

/** What is held, in the order in which it was made; a doubted entry (`writing`) counts as another spec. */
export interface Held {
  key: string;
  kind: string;
  title: string;
  spec: Spec;
  isDoubted: boolean;
}

export interface MovesOptions {
  /** The subject ends: its access is closed before anything is removed. */
  isEnd?: boolean;
  /** The hold `ended` stands from an abandoned removal: it is lifted, and the access opened, when the policy stands. */
  opens?: boolean;
}

/** Ids of steps that take away what a plan no longer wants. */
const REMOVAL_PREFIX = 'remove-';
const isSubscription = ({ kind }: Held): boolean => kind === 'subscription';
const isMake = ({ verb }: Move): boolean => verb === 'make';

export function moves(
  held: readonly Held[],
  target: readonly Stage[],
  table: ResourceTable,
  options: MovesOptions = {},
): Moves {
  const byKey = new Map(held.map((one) => [one.key, one]));
  const wanted = new Set<string>();
  const made = target.map((stage) =>
    stage.map((lane) => lane.flatMap((one) => makeMove(one, byKey, wanted, table))).filter((lane) => lane.length > 0),
  );
  const leaving = [...held].reverse().filter(({ key }) => !wanted.has(key));
  const opened = options.opens ? heldAfter(target, table).filter(isSubscription) : [];
  const closed = options.isEnd ? held.filter(isSubscription) : [];
  const isChange = opened.length + leaving.length > 0 || made.flat(2).some(isMake);
  const planned = made.filter((stage) => isChange && stage.length > 0);
  // Opened when everything stands, and proven after that.
  const stands = planned.findLastIndex((stage) => stage.flat().some(isMake)) + 1;
  const stages = [
    ...closed.map((one) => [[stateMove('close', one, table)]]),
    ...planned.slice(0, stands),
    ...opened.map((one) => [[stateMove('open', one, table)]]),
    ...planned.slice(stands),
    ...leaving.map((one) => [[removeMove(one, table)]]),
  ];
  return numbered(stages);
}

/** The lanes of a stage as they go back; what never entered the ledger is left out by `entered`. */
export const backwards = (all: Moves, entered: (key: string) => boolean): Moves =>
  [...all]
    .reverse()
    .map((lanes) =>
      lanes
        .map((lane) => [...lane].reverse().filter((move) => hasWayBack(move, entered)))
        .filter((lane) => lane.length > 0),
    )
    .filter((lanes) => lanes.length > 0);

/** What a move means in a direction. */
export function verbOf({ verb, former }: Pick<Move, 'verb' | 'former'>, direction: Direction): Verb {
  if (direction === 'forward') return verb;
  if (verb === 'close') return 'open';
  if (verb === 'open') return 'close';
  return former ? 'make' : 'remove';
}

/** The spec that a move makes in a direction, or removes by. */
export const specOf = ({ verb, spec, former }: Move, direction: Direction): Spec =>
  (direction === 'back' && verb !== 'close' && verb !== 'open' ? (former ?? spec) : spec) as Spec;

export const isSameSpec = (a: unknown, b: unknown): boolean => contentHash(a) === contentHash(b);

/** What an operator compares and an approval is bound to: verbs, kinds, names, limits and members; no bodies, ETags or durations. */
export const planHashOf = (all: Moves): string =>
  contentHash(
    all.map((stage) => stage.map((lane) => lane.map(({ verb, kind, id, spec }) => ({ verb, kind, id, spec })))),
  );

export const heldOf = (entries: readonly LedgerEntry[]): Held[] =>
  entries
    .filter(isHeld)
    .sort((a, b) => (a.since === b.since ? a.place - b.place : a.since < b.since ? -1 : 1))
    .map(({ key, kind, title, spec, asked, state }) => ({
      key,
      kind,
      title,
      spec: spec ?? asked,
      isDoubted: state === 'writing',
    }));

/** What the ledger will hold once `target` is true: what a queued operation is planned against. */
export const heldAfter = (target: readonly Stage[], table: ResourceTable): Held[] =>
  target.flat(2).flatMap(({ kind, spec }) => {
    const resource = table.resources.get(kind);
    if (!resource) return [];
    const held = spec as Spec;
    return [{ key: entryKey(kind, held.id), kind, title: resource.title(held), spec: held, isDoubted: false }];
  });

function makeMove(
  { id, kind, spec }: Wanted,
  held: Map<string, Held>,
  wanted: Set<string>,
  table: ResourceTable,
): Move[] {
  const check = table.checks.get(kind);
  if (check) {
    const { patience } = check;
    return [
      {
        index: 0,
        id,
        title: check.title(spec),
        verb: 'check',
        kind,
        key: '',
        spec,
        patience,
        removal: patience,
        armWrites: 0,
      },
    ];
  }
  const resource = table.resources.get(kind);
  if (!resource) throw new Error(`There is no kind "${kind}" in the table of resources`);
  const full = spec as Spec;
  const key = entryKey(kind, full.id);
  wanted.add(key);
  const former = held.get(key);
  if (former && !former.isDoubted && isSameSpec(former.spec, spec)) return [];
  const { patience, removal, armWrites } = resource;
  return [
    {
      index: 0,
      id,
      title: resource.title(full),
      verb: 'make',
      kind,
      key,
      spec,
      ...(former && { former: former.spec }),
      patience,
      removal,
      armWrites,
    },
  ];
}

function removeMove({ key, kind, spec, title }: Held, table: ResourceTable): Move {
  const resource = table.resources.get(kind);
  if (!resource) throw new Error(`There is no kind "${kind}" in the table of resources, but the ledger holds one`);
  const { removal } = resource;
  return {
    index: 0,
    id: `${REMOVAL_PREFIX}${key}`,
    title: `Remove: ${title}`,
    verb: 'remove',
    kind,
    key,
    spec,
    former: spec,
    patience: removal,
    removal,
    armWrites: 0,
  };
}

function stateMove(verb: 'close' | 'open', { key, kind, spec }: Held, table: ResourceTable): Move {
  const { patience } = table.resources.get(kind)!;
  return {
    index: 0,
    id: `${verb}-access`,
    title: verb === 'close' ? 'Close the access' : 'Open the access',
    verb,
    kind,
    key,
    spec,
    former: spec,
    patience,
    removal: patience,
    armWrites: 1,
  };
}

function hasWayBack(move: Move, entered: (key: string) => boolean): boolean {
  if (move.verb === 'check') return false;
  return verbOf(move, 'back') === 'make' || entered(move.key);
}

/** Steps are numbered in the order in which they are read; checks and makes of a plan that needs no write are not steps at all. */
function numbered(stages: Moves): Moves {
  let index = 0;
  return stages.map((stage) => stage.map((lane) => lane.map((move) => ({ ...move, index: index++ }))));
}
