/**
 * Faults a test or a demonstration asks for by name: a refusal, a lost connection, silence, slowness, a stale or unreadable answer, an operation
 * that hangs or fails. They are options of the simulator, counted, and can be changed while it runs.
 */
import { z } from 'zod';
import { dated, faultWindow, isOver } from '../fault-windows.js';

const SERVICES = ['arm', 'vault', 'kubernetes', 'gateway', 'identity', 'egress'] as const;
export type ServiceName = (typeof SERVICES)[number];

const matchSchema = z.strictObject({
  /** Any service when absent. */
  service: z.enum(SERVICES).optional(),
  /** Any method when absent. */
  method: z.string().optional(),
  /** Part of the path, in any case; any path when absent. */
  path: z.string().optional(),
});

const common = {
  /** Shown by `list`; lets a caller remove one fault. */
  name: z.string().optional(),
  match: matchSchema.default({}),
  /** How many matching requests are hit; absent = all until it is removed. */
  times: z.int().min(1).optional(),
  /** Matching requests to let through first. */
  skip: z.int().min(0).optional(),
  ...faultWindow,
};

const answerSchema = z
  .strictObject({
    /** A redirection leads nowhere: it names no place. */
    status: z.int().min(300).max(599),
    code: z.string(),
    message: z.string().optional(),
    retryAfterSeconds: z.number().optional(),
    /** The header as it is: an HTTP date, or something that cannot be read. */
    retryAfter: z.string().optional(),
  })
  .refine((answer) => answer.retryAfter === undefined || answer.retryAfterSeconds === undefined, {
    message: 'retryAfter or retryAfterSeconds, not both',
  });

export const faultSchema = z.union([
  z.strictObject({ ...common, kind: z.literal('answer').default('answer'), answer: answerSchema }),
  /** The connection closes; nothing happened. */
  z.strictObject({ ...common, kind: z.literal('drop-before-effect') }),
  /** It happened; the connection closes before the answer. */
  z.strictObject({ ...common, kind: z.literal('drop-after-effect') }),
  /** The connection stays open without an answer until the caller closes it; nothing happened, or it did. */
  z.strictObject({ ...common, kind: z.literal('no-answer'), effect: z.enum(['none', 'now']).default('none') }),
  /** The same, and the request takes effect so many seconds of world time later, whether the caller still waits or not. */
  z.strictObject({
    ...common,
    kind: z.literal('no-answer'),
    effect: z.literal('late'),
    lateSeconds: z.number().positive(),
  }),
  /** A read is answered as if the thing were not there: a replica that has not heard of it. Writes don't match. */
  z.strictObject({ ...common, kind: z.literal('absent') }),
  /** It happened, and was answered with 200 and a body that nobody can read: cut in half, or a page of something on the way. */
  z.strictObject({ ...common, kind: z.literal('malformed'), body: z.enum(['truncated', 'html']).default('truncated') }),
  /** The request is taken up after so many seconds of world time. */
  z.strictObject({ ...common, kind: z.literal('slow'), seconds: z.number().positive() }),
  /** The operation that the request starts never ends. */
  z.strictObject({ ...common, kind: z.literal('stuck-operation') }),
  /** The operation that the request starts ends as Failed. */
  z.strictObject({
    ...common,
    kind: z.literal('failed-operation'),
    error: z.strictObject({ code: z.string(), message: z.string() }),
  }),
]);

/** How a fault is written: in options, in a file, or as the body of `POST /faults`. */
export type Fault = z.input<typeof faultSchema>;
export type ActiveFault = z.output<typeof faultSchema> & { hits: number };

/** Faults that another simulator keeps by itself, by name and count; the control endpoint passes them on. */
export interface NamedFaults {
  read(): unknown;
  /** Throws a ZodError that names what is wrong. */
  replace(given: unknown): void;
}

export interface RequestLine {
  service: ServiceName;
  method: string;
  path: string;
}

export class FaultList {
  #faults: ActiveFault[] = [];

  constructor(
    private readonly nowMs: () => number,
    initial: readonly Fault[] = [],
  ) {
    for (const fault of initial) this.add(fault);
  }

  /** Throws a ZodError that names what is wrong. */
  add(fault: Fault): void {
    this.#faults.push({ ...dated(faultSchema.parse(fault), this.nowMs()), hits: 0 });
  }

  /** Removes the faults of that name, or all. */
  clear(name?: string): void {
    this.#faults = name === undefined ? [] : this.#faults.filter((fault) => fault.name !== name);
  }

  /** With `hits`: how often each has matched, skipped requests included. */
  list(): readonly ActiveFault[] {
    return this.#faults;
  }

  /** The first fault that hits this request; counts it. */
  take(line: RequestLine): ActiveFault | undefined {
    for (const fault of this.#faults) {
      if (!matches(fault, line) || isOver(fault, this.nowMs())) continue;
      const skip = fault.skip ?? 0;
      if (fault.times !== undefined && fault.hits >= skip + fault.times) continue;
      fault.hits++;
      if (fault.hits > skip) return fault;
    }
    return undefined;
  }

  /** It found nothing to spoil: the request was refused anyway. */
  giveBack(fault: ActiveFault): void {
    fault.hits--;
  }
}

const READS = new Set(['GET', 'HEAD']);

function matches({ kind, match }: ActiveFault, line: RequestLine): boolean {
  return (
    (kind !== 'absent' || READS.has(line.method)) &&
    (match.service === undefined || match.service === line.service) &&
    (match.method === undefined || match.method.toUpperCase() === line.method) &&
    (match.path === undefined || line.path.toLowerCase().includes(match.path.toLowerCase()))
  );
}
