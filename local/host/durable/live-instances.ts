/** Running instances with their history in memory, so that a turn need not read it again. */
import type { InstanceRow, Store } from '../store.js';
import { isFinished } from './context.js';
import type { HistoryEvent } from './history.js';
import type { LibraryEvent } from './orchestrator-function.js';

/** Instances kept between turns; the longest unused one goes first. */
const CACHED_INSTANCES_MAX = 1_000;

export interface LiveInstance {
  row: InstanceRow;
  history: HistoryEvent[];
  /** The same events for the library, marked as played. */
  libraryHistory: LibraryEvent[];
  /** Set while a rewind waits to be written: the history replaces the stored one, and these children are rewound. */
  rewoundChildren?: string[];
}

export class LiveInstances {
  readonly #cache = new Map<string, LiveInstance>();

  constructor(private readonly store: Store) {}

  /** Undefined if there is no such instance. A finished one is not kept. */
  load(id: string): LiveInstance | undefined {
    const live = this.#cache.get(id) ?? this.#read(id);
    this.#cache.delete(id);
    if (live && !isFinished(live.row.status)) this.#cache.set(id, live);
    if (this.#cache.size > CACHED_INSTANCES_MAX) this.#cache.delete(this.#cache.keys().next().value!);
    return live;
  }

  forget(id: string): void {
    this.#cache.delete(id);
  }

  #read(id: string): LiveInstance | undefined {
    const row = this.store.instance(id);
    if (!row) return undefined;
    const history = this.store.history(id);
    return { row, history, libraryHistory: history.map((event) => ({ ...event })) };
  }
}
