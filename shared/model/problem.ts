/**
 * The one error vocabulary: a stable code, its HTTP status and its title. HTTP answers, rejected messages, failed operations and events
 * carry the same object (RFC 9457). `docs/problems.md` tells per code what the team and what the operator does.
 */
import { z } from 'zod';

/** code → [HTTP status, title]. Codes are part of the interface: they are added, never renamed. */
export const PROBLEMS = {
  'bad-request': [400, 'The request cannot be understood'],
  'malformed-document': [400, 'The document cannot be parsed'],
  'not-signed-in': [401, 'Who you are could not be established'],
  'not-allowed': [403, 'Your roles do not allow this'],
  'not-found': [404, 'There is no such thing'],
  'method-not-allowed': [405, 'There is nothing of that method here'],
  canceled: [409, 'The operation was canceled'],
  superseded: [409, 'A newer request has taken its place'],
  'not-possible-now': [409, 'The operation is in a state that does not allow this'],
  'queue-full': [409, 'Too many operations of this subject are waiting'],
  'idempotency-key-reused': [409, 'The key was used with a different document'],
  'name-taken': [409, 'A resource of that name belongs to someone else'],
  'too-large': [413, 'The document is too large'],
  'unsupported-media-type': [415, 'The media type is not supported'],
  'invalid-request': [422, 'The document is not a valid request'],
  'deadline-exceeded': [500, 'A step did not become ready in time'],
  'refused-by-azure': [500, 'Azure refused the step'],
  'unexpected-error': [500, 'A step failed unexpectedly'],
  'model-deployment-failed': [500, 'The shared model could not be deployed'],
  'capacity-exhausted': [500, 'There is no capacity left for this'],
  'proof-failed': [500, 'The access does not behave as planned'],
  unavailable: [503, 'A store that hai needs does not answer'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof PROBLEMS;

const CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];

/** One mistake in a document: where (RFC 6901 pointer) and what. */
export const FieldErrorSchema = z.object({
  pointer: z.string().meta({ description: 'JSON pointer into the document; empty for the document itself' }),
  code: z.string().meta({ description: 'unknown-key, wrong-type, model-not-in-catalog …' }),
  detail: z.string(),
});
export type FieldError = z.infer<typeof FieldErrorSchema>;

export const ProblemSchema = z
  .object({
    type: z.string().meta({ description: 'urn:hai:problem:<code>' }),
    title: z.string(),
    status: z.number(),
    code: z.enum(CODES),
    detail: z.string(),
    errors: z.array(FieldErrorSchema).optional(),
    azureCode: z.string().optional().meta({ description: 'The error code that Azure gave' }),
    nextStep: z.string().optional().meta({ description: 'What to do about it' }),
    traceId: z.string().optional(),
    operationId: z.string().optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof ProblemSchema>;

type ProblemExtras = Partial<Pick<Problem, 'errors' | 'azureCode' | 'nextStep' | 'traceId' | 'operationId'>>;

/** Builds a problem of a known code; `detail` is a sentence that names the object. */
export function problem(code: ProblemCode, detail: string, extras: ProblemExtras = {}): Problem {
  const [status, title] = PROBLEMS[code];
  return { type: `urn:hai:problem:${code}`, title, status, code, detail, ...extras };
}

/** Thrown where an expected refusal has to cross several frames; doors turn it into their kind of answer. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
    this.name = 'ProblemError';
  }
}
