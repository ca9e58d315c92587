/**
 * Faults a test or a demonstration asks for by name: a refusal, a lost connection, slowness, an operation that hangs or fails. They are
 * options of the simulator, counted, and can be changed while it runs.
 */
import { z } from 'zod';

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
};

const answerSchema = z.strictObject({
  status: z.int().min(400).max(599),
  code: z.string(),
  message: z.string().optional(),
  retryAfterSeconds: z.number().optional(),
});

export const faultSchema = z.union([
  z.strictObject({ ...common, kind: z.literal('answer').default('answer'), answer: answerSchema }),
  /** The connection closes; nothing happened. */
  z.strictObject({ ...common, kind: z.literal('drop-before-effect') }),
  /** It happened; the connection closes before the answer. */
  z.strictObject({ ...common, kind: z.literal('drop-after-effect') }),
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

  constructor(initial: readonly Fault[] = []) {
    for (const fault of initial) this.add(fault);
  }

  /** Throws a ZodError that names what is wrong. */
  add(fault: Fault): void {
    this.#faults.push({ ...faultSchema.parse(fault), hits: 0 });
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
      if (!matches(fault, line)) continue;
      const skip = fault.skip ?? 0;
      if (fault.times !== undefined && fault.hits >= skip + fault.times) continue;
      fault.hits++;
      if (fault.hits > skip) return fault;
    }
    return undefined;
  }
}

function matches({ match }: ActiveFault, line: RequestLine): boolean {
  return (
    (match.service === undefined || match.service === line.service) &&
    (match.method === undefined || match.method.toUpperCase() === line.method) &&
    (match.path === undefined || line.path.toLowerCase().includes(match.path.toLowerCase()))
  );
}
