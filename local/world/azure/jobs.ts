/**
 * Everything that happens later: an operation that ends, a node that comes up, an address that is assigned. A job is a stored world time with
 * a name, so a restart continues where a kill interrupted, and time that passed meanwhile is caught up in order.
 */
import type { StatementSync } from 'node:sqlite';
import type { Clock, ClockTimer } from '../../clock.js';
import type { Store } from './store.js';

export interface Job {
  kind: string;
  /** Key of what the job is about. */
  subject: string;
  data: Record<string, unknown>;
  /** When it was due; handlers take this as their present, however late they run. */
  dueMs: number;
}

/** Steps that become due together; more would be a chain of jobs that never waits. */
const DUE_JOBS_MAX = 100_000;

export class Jobs {
  readonly #handlers = new Map<string, (job: Job) => void>();
  #timer: ClockTimer | undefined;
  #armedForMs: number | undefined;
  #closed = false;
  /** Prepared once: it is asked after every call. */
  #earliest: StatementSync | undefined;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** Names what runs for jobs of `kind`; it runs inside a transaction of its own. */
  on(kind: string, run: (job: Job) => void): void {
    this.#handlers.set(kind, run);
  }

  /** Call inside a transaction; `arm` afterwards. */
  schedule(kind: string, subject: string, dueMs: number, data: Record<string, unknown> = {}): void {
    this.store.database
      .prepare('INSERT INTO jobs (due_ms, kind, subject, data) VALUES (?, ?, ?, ?)')
      .run(Math.round(dueMs), kind, subject, JSON.stringify(data));
  }

  /** Forgets the jobs of `kind` about `subject`. */
  cancel(kind: string, subject: string): void {
    this.store.database.prepare('DELETE FROM jobs WHERE kind = ? AND subject = ?').run(kind, subject);
  }

  /** Runs what is due, oldest first, then waits for the next. */
  runDue(): void {
    for (let count = 0; count < DUE_JOBS_MAX; count++) {
      const row = this.#first();
      if (!row || row.dueMs > this.clock.now()) {
        this.arm();
        return;
      }
      this.store.atomic(() => {
        this.store.database.prepare('DELETE FROM jobs WHERE id = ?').run(row.id);
        const run = this.#handlers.get(row.kind);
        if (!run) throw new Error(`The azure data file holds a job '${row.kind}' that this version does not know`);
        run({ kind: row.kind, subject: row.subject, dueMs: row.dueMs, data: JSON.parse(row.data) });
      });
    }
    throw new Error(`More than ${DUE_JOBS_MAX} steps of the simulated Azure were due at once`);
  }

  /** Sets the timer for the earliest job. */
  arm(): void {
    const dueMs = this.#closed ? undefined : this.#first()?.dueMs;
    if (dueMs === this.#armedForMs) return;
    this.#timer?.cancel();
    this.#armedForMs = dueMs;
    if (dueMs === undefined) return;
    this.#timer = this.clock.after(dueMs - this.clock.now(), () => {
      this.#armedForMs = undefined;
      this.runDue();
    });
  }

  /** True when no job waits that should have run by now. */
  isIdle(): boolean {
    return this.#armedForMs === undefined || this.#armedForMs > this.clock.now();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #first(): { id: number; dueMs: number; kind: string; subject: string; data: string } | undefined {
    this.#earliest ??= this.store.database.prepare('SELECT * FROM jobs ORDER BY due_ms, id LIMIT 1');
    const row = this.#earliest.get();
    return (
      row && {
        id: Number(row['id']),
        dueMs: Number(row['due_ms']),
        kind: String(row['kind']),
        subject: String(row['subject']),
        data: String(row['data']),
      }
    );
  }
}
